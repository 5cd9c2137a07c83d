using System.Buffers.Text;
using Skein.P2P.Kademlia;

namespace Skein.Interop.Tests;

/// <summary>The namespace that swarm.mjs serves too: values are numbers, the higher the better.</summary>
internal sealed class NumberValidator : IRecordValidator
{
    public static readonly Dictionary<string, IRecordValidator> Rules = new(StringComparer.Ordinal) { ["num"] = new NumberValidator(), [PublicKeyValidator.Namespace] = new PublicKeyValidator() };

    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) => Utf8Parser.TryParse(value, out int _, out var used) && used == value.Length;

    public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Number(left).CompareTo(Number(right));

    private static int Number(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out int number, out _) ? number : 0;
}
