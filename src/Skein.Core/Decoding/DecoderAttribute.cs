namespace Skein.Core.Decoding;

/// <summary>Marks what turns bytes or text of strangers into values. Every one has a fuzz target: <c>fuzz/README.md</c>; a test fails while one lacks it.</summary>
/// <remarks>
/// Public static methods named <c>Read*</c>, <c>Decode*</c>, <c>Parse*</c> (with or without <c>Try</c>) that take bytes are found without it.
/// It is for the others: decoders of text, of streams, of sources.
/// </remarks>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method, Inherited = false)]
public sealed class DecoderAttribute : Attribute;
