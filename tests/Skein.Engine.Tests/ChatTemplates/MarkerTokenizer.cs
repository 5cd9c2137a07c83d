using System.Text;
using Skein.Core.Text;

namespace Skein.Engine.Tests.ChatTemplates;

/// <summary>A vocabulary of control tokens and bytes: the first control token begins a sequence.</summary>
public sealed class MarkerTokenizer(params string[] markers) : ITokenizer
{
    public int VocabularySize => markers.Length + 256;

    public int? BeginOfSequence => 0;

    public bool AddsBeginOfSequence => false;

    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var marker = parseSpecial ? Array.IndexOf(markers, text) : -1;
        return marker >= 0 ? [marker] : [.. Encoding.UTF8.GetBytes(text).Select(value => markers.Length + value)];
    }

    public ReadOnlyMemory<byte> TokenBytes(int token, bool special = false)
        => token >= markers.Length ? new[] { (byte)(token - markers.Length) } : special ? Encoding.UTF8.GetBytes(markers[token]) : default;

    public bool IsEndOfGeneration(int token) => token == 1;

    public bool IsControl(int token) => token < markers.Length;
}
