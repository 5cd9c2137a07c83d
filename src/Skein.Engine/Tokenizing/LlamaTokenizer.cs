using System.Buffers;
using System.Text;
using Skein.Core.Text;
using Skein.Engine.Errors;
using Skein.Engine.Loading;
using Skein.Engine.Native;

namespace Skein.Engine.Tokenizing;

/// <summary>A model's vocabulary by llama.cpp. Thread-safe until disposed.</summary>
public sealed unsafe class LlamaTokenizer : ITokenizer, IDisposable
{
    // A prompt of this size is far beyond most contexts; it bounds the memory and the seconds that one call can take.
    private const int MaxTextBytes = 4 << 20;
    private const int PieceBuffer = 256;

    // LLAMA_VOCAB_TYPE_NONE: there are token ids, but no texts.
    private const int NoVocabulary = 0;

    private readonly NativeModel _model;
    private readonly byte[]?[] _pieces;
    private readonly byte[]?[] _specialPieces;

    private LlamaTokenizer(NativeModel model)
    {
        _model = model;
        VocabularySize = model.VocabularySize;
        _pieces = new byte[VocabularySize][];
        _specialPieces = new byte[VocabularySize][];
        var begin = Llama.VocabularyBeginOfSequence(model.Vocabulary);
        BeginOfSequence = begin >= 0 ? begin : null;
        var end = Llama.VocabularyEndOfSequence(model.Vocabulary);
        EndOfSequence = end >= 0 ? end : null;
        AddsBeginOfSequence = Llama.VocabularyAddsBeginOfSequence(model.Vocabulary) != 0;
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int? BeginOfSequence { get; }

    /// <summary>Token that ends a sequence, if the model has one.</summary>
    public int? EndOfSequence { get; }

    /// <inheritdoc/>
    public bool AddsBeginOfSequence { get; }

    /// <summary>The vocabulary for samplers with a grammar.</summary>
    internal nint Vocabulary => _model.Vocabulary;

    /// <summary>Loads the vocabulary of a GGUF; the weights stay on disk.</summary>
    /// <exception cref="EngineException">The file is missing, refused, or has no vocabulary.</exception>
    public static LlamaTokenizer Load(string path)
    {
        var model = NativeModel.Load(path, vocabularyOnly: true);
        if (Llama.VocabularyType(model.Vocabulary) == NoVocabulary)
        {
            var file = model.File;
            model.Dispose();
            throw new EngineException(EngineError.WrongModel, $"'{file}' has no vocabulary: it is a middle stage. Take the model's edge.");
        }

        return new LlamaTokenizer(model);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The text is larger than 4 MiB.</exception>
    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        var byteCount = Encoding.UTF8.GetByteCount(text);
        if (byteCount > MaxTextBytes)
        {
            throw new ArgumentException($"A text of {byteCount} bytes cannot be a prompt; the limit is {MaxTextBytes}.", nameof(text));
        }

        var bytes = Encoding.UTF8.GetBytes(text);

        // A token stands for at least one byte, so this is enough but for what is put around the text.
        var buffer = ArrayPool<int>.Shared.Rent(bytes.Length + 16);
        var count = Tokenize(bytes, buffer, addSpecial, parseSpecial);
        if (count >= 0)
        {
            var tokens = buffer.AsSpan(0, count).ToArray();
            ArrayPool<int>.Shared.Return(buffer);
            return tokens;
        }

        ArrayPool<int>.Shared.Return(buffer);
        var exact = new int[-count];
        count = Tokenize(bytes, exact, addSpecial, parseSpecial);
        return exact[..Math.Max(0, count)];
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> TokenBytes(int token, bool special = false)
    {
        Check(token);
        var pieces = special ? _specialPieces : _pieces;
        var piece = Volatile.Read(ref pieces[token]);
        if (piece is null)
        {
            piece = ReadPiece(token, special);
            Volatile.Write(ref pieces[token], piece);
        }

        return piece;
    }

    /// <inheritdoc/>
    public bool IsEndOfGeneration(int token)
    {
        Check(token);
        return Llama.VocabularyIsEndOfGeneration(_model.Vocabulary, token) != 0;
    }

    /// <inheritdoc/>
    public bool IsControl(int token)
    {
        Check(token);
        return Llama.VocabularyIsControl(_model.Vocabulary, token) != 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private int Tokenize(byte[] bytes, int[] tokens, bool addSpecial, bool parseSpecial)
    {
        // A zero-length span has a null pointer, which llama.cpp would turn into a string: give it one byte that it does not read.
        fixed (byte* text = bytes.Length == 0 ? [0] : bytes)
        fixed (int* destination = tokens)
        {
            return Llama.Tokenize(_model.Vocabulary, text, bytes.Length, destination, tokens.Length, addSpecial ? (byte)1 : (byte)0, parseSpecial ? (byte)1 : (byte)0);
        }
    }

    private byte[] ReadPiece(int token, bool special)
    {
        var buffer = stackalloc byte[PieceBuffer];
        var length = Llama.TokenToPiece(_model.Vocabulary, token, buffer, PieceBuffer, 0, special ? (byte)1 : (byte)0);
        if (length >= 0)
        {
            return new ReadOnlySpan<byte>(buffer, length).ToArray();
        }

        var bytes = new byte[-length];
        fixed (byte* large = bytes)
        {
            length = Llama.TokenToPiece(_model.Vocabulary, token, large, bytes.Length, 0, special ? (byte)1 : (byte)0);
        }

        return bytes[..Math.Max(0, length)];
    }

    private void Check(int token)
    {
        if ((uint)token >= (uint)VocabularySize)
        {
            throw new ArgumentOutOfRangeException(nameof(token), token, $"The vocabulary has {VocabularySize} tokens.");
        }
    }
}
