using System.Text;
using Skein.Core.Text;

namespace Skein.Gateway.Tests.Fakes;

/// <summary>A vocabulary of the 256 bytes and a few marks.</summary>
internal sealed class ByteTokenizer : ITokenizer
{
    public const int Begin = 256;
    public const int End = 257;
    public const int TurnStart = 258;
    public const int TurnEnd = 259;

    private static readonly string[] Marks = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"];

    public int VocabularySize => 260;

    public int? BeginOfSequence => Begin;

    public bool AddsBeginOfSequence { get; init; } = true;

    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var tokens = new List<int>();
        if (addSpecial && AddsBeginOfSequence)
        {
            tokens.Add(Begin);
        }

        for (var i = 0; i < text.Length;)
        {
            var mark = parseSpecial ? Array.FindIndex(Marks, mark => string.CompareOrdinal(text, i, mark, 0, mark.Length) == 0) : -1;
            if (mark >= 0)
            {
                tokens.Add(Begin + mark);
                i += Marks[mark].Length;
                continue;
            }

            var length = i + 1 < text.Length && char.IsSurrogatePair(text, i) ? 2 : 1;
            tokens.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)).Select(value => (int)value));
            i += length;
        }

        return [.. tokens];
    }

    public ReadOnlyMemory<byte> TokenBytes(int token, bool special = false)
        => token < Begin ? new[] { (byte)token } : special ? Encoding.UTF8.GetBytes(Marks[token - Begin]) : ReadOnlyMemory<byte>.Empty;

    public bool IsEndOfGeneration(int token) => token is End or TurnEnd;

    public bool IsControl(int token) => token >= Begin;
}
