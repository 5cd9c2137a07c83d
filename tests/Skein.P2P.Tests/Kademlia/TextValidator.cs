using System.Buffers.Text;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

/// <summary>A test's namespace: values are numbers, the higher the better.</summary>
internal sealed class TextValidator : IRecordValidator
{
    public static readonly Dictionary<string, IRecordValidator> Rules = new(StringComparer.Ordinal) { ["num"] = new TextValidator() };

    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) => Utf8Parser.TryParse(value, out int _, out var used) && used == value.Length;

    public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Number(left).CompareTo(Number(right));

    private static int Number(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out int number, out _) ? number : 0;
}
