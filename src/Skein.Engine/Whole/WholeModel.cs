using Skein.Core.Stages;
using Skein.Engine.Errors;
using Skein.Engine.Lanes;
using Skein.Engine.Loading;

namespace Skein.Engine.Whole;

/// <summary>A whole GGUF in one context, with the settings of a stage: the reference that chains are measured against. One caller at a time.</summary>
public sealed class WholeModel : IDisposable
{
    private readonly NativeModel _model;
    private readonly NativeContext _context;

    private WholeModel(NativeModel model, NativeContext context)
    {
        _model = model;
        _context = context;
    }

    /// <summary>Logits per row.</summary>
    public int VocabularySize => _model.VocabularySize;

    /// <summary>Blocks of the model.</summary>
    public int BlockCount => _model.BlockCount;

    /// <summary>Values per hidden row.</summary>
    public int Width => _model.Width;

    /// <summary>Positions that the model was trained for.</summary>
    public int ContextLength => _model.ContextLength;

    /// <summary>Loads a file.</summary>
    /// <exception cref="EngineException">The file is missing or llama.cpp refuses it.</exception>
    public static WholeModel Load(string path, WholeModelOptions options)
    {
        var model = NativeModel.Load(path, vocabularyOnly: false);
        try
        {
            var shape = new ContextShape(options.Tokens, options.MaxRows, options.MaxSequences, options.Threads ?? ComputeLanes.DefaultThreads(), options.KvType ?? model.DefaultKvType(), IsShared: options.MaxSequences > 1);
            return new WholeModel(model, new NativeContext(model, shape, capture: null));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Computes one batch.</summary>
    /// <param name="rows">What to compute, at most <see cref="WholeModelOptions.MaxRows"/>.</param>
    /// <returns>Logits, [rows, <see cref="VocabularySize"/>], valid until the next call.</returns>
    /// <exception cref="StageException">llama.cpp reported a failure.</exception>
    public ReadOnlySpan<float> Forward(ReadOnlySpan<WholeRow> rows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Length, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Length, _context.Shape.Rows, nameof(rows));
        for (var i = 0; i < rows.Length; i++)
        {
            _context.Tokens[i] = rows[i].Token;
            _context.Positions[i] = rows[i].Position;
            _context.Sequences[i] = rows[i].Sequence;
        }

        var outcome = _context.DecodeTokens(rows.Length, []);
        return outcome == DecodeOutcome.Computed
            ? _context.Logits(rows.Length)
            : throw new StageException(StageError.ComputeFailed, $"The whole model '{_model.File}' failed to compute {rows.Length} rows: {outcome}.");
    }

    /// <summary>Forgets every sequence.</summary>
    public void Clear() => _context.Clear();

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Dispose();
        _model.Dispose();
    }
}
