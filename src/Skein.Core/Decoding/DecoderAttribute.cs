namespace Skein.Core.Decoding;

/// <summary>Marks what turns bytes or text of strangers into values. Every one has a fuzz target: <c>fuzz/README.md</c>; a test fails while one lacks it.</summary>
/// <remarks>
/// Static methods, public or internal, named <c>Read*</c>, <c>Decode*</c>, <c>Parse*</c> (with or without <c>Try</c>) or <c>TryOpen*</c> that take bytes, spans of
/// characters or streams are found without it. It is for the others: decoders with a state of their own, of strings, of sources.
/// </remarks>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method, Inherited = false)]
public sealed class DecoderAttribute : Attribute;
