namespace Skein.Core.Text;

/// <summary>A model's own vocabulary. Thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>Number of token ids.</summary>
    int VocabularySize { get; }

    /// <summary>Token that begins a sequence, if the model has one.</summary>
    int? BeginOfSequence { get; }

    /// <summary>Whether a prompt starts with <see cref="BeginOfSequence"/>.</summary>
    bool AddsBeginOfSequence { get; }

    /// <summary>Cuts text into token ids.</summary>
    /// <param name="text">Any text; lone surrogates become U+FFFD.</param>
    /// <param name="addSpecial">Adds what the model puts around a prompt (begin of sequence).</param>
    /// <param name="parseSpecial">Reads <c>&lt;|im_start|&gt;</c> and the like as control tokens. Only for text that a chat template wrote around the user's.</param>
    int[] Tokenize(string text, bool addSpecial, bool parseSpecial);

    /// <summary>Bytes that a token stands for; a token may hold part of a UTF-8 character. Empty for control tokens unless <paramref name="special"/>.</summary>
    ReadOnlyMemory<byte> TokenBytes(int token, bool special = false);

    /// <summary>Whether a token ends the reply (end of sequence, end of turn).</summary>
    bool IsEndOfGeneration(int token);

    /// <summary>Whether a token is a control token: never shown.</summary>
    bool IsControl(int token);
}
