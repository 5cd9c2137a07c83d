using System.Diagnostics;
using Skein.Core.Hidden;
using Skein.Core.Stages;
using Skein.Engine.Errors;
using Skein.Engine.Lanes;
using Skein.Engine.Library;
using Skein.Engine.Loading;
using Skein.Engine.Stages;

namespace Skein.Engine.Edge;

/// <summary>Both ends of every chain: embedding, and norm with head, from one GGUF whose single block is the identity. Thread-safe.</summary>
/// <remarks>
/// Stateless: rows of many callers share batches, and the KV cells that the identity block writes are forgotten after each. Embedding and head have a context
/// each, so that neither rebuilds the other's graph.
/// </remarks>
public sealed class EdgeStage : ITokenEmbedding, IOutputHead, IComputeWork, IAsyncDisposable
{
    private readonly StagePart _embedding;
    private readonly StagePart _head;
    private readonly ComputeLanes _lanes;
    private readonly int _maxQueued;
    private readonly float _rowScale;
    private readonly float[] _embedded;
    private readonly Lock _gate = new();
    private readonly LinkedList<EdgeWork> _queue = new();
    private readonly List<(EdgeWork Work, int First, int Count)> _batch = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _embeddingTicks;
    private bool _scheduled;
    private bool _closed;

    private EdgeStage(StagePart embedding, StagePart head, EdgeStageOptions options, ComputeLanes lanes, float headRowScale)
    {
        _embedding = embedding;
        _head = head;
        _lanes = lanes;
        _maxQueued = options.MaxQueued;
        _rowScale = headRowScale;
        _embedded = new float[options.EmbeddingRows * embedding.Model.Width];
        EngineClass = EngineLibrary.Load().EngineClass;
    }

    /// <inheritdoc/>
    public int Width => _head.Model.Width;

    /// <inheritdoc/>
    public int VocabularySize => _head.Model.VocabularySize;

    /// <summary>Names the arithmetic: engine build and CPU variant.</summary>
    public string EngineClass { get; }

    /// <summary>Time spent in llama.cpp for embedding.</summary>
    public TimeSpan EmbeddingTime => TimeSpan.FromTicks(Volatile.Read(ref _embeddingTicks));

    /// <summary>Loads the edge. Reads the weights from disk, so it takes a while; the loading runs on the thread pool.</summary>
    /// <param name="source">The files.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Safe, but not heeded while llama.cpp loads.</param>
    /// <exception cref="EngineException">A file is missing, refused, or no edge.</exception>
    /// <exception cref="Skein.Gguf.GgufException">A file is malformed.</exception>
    public static async Task<EdgeStage> LoadAsync(EdgeSource source, EdgeStageOptions options, CancellationToken cancellationToken)
    {
        options.Validate();

        // Our own reader comes first: it refuses malformed files by name, where the native one may end the process.
        await GgufCheck.ReadAsync(source.EmbeddingPath, cancellationToken);
        await GgufCheck.ReadAsync(source.HeadPath, cancellationToken);
        return await Task.Run(() => Load(source, options), cancellationToken);
    }

    private static EdgeStage Load(EdgeSource source, EdgeStageOptions options)
    {
        var lanes = options.Lanes ?? ComputeLanes.Shared;
        var embedding = StagePart.Load(source.EmbeddingPath, Shape(options.EmbeddingRows, lanes), KvCacheType.F16, captures: true);
        StagePart? head = null;
        try
        {
            head = source.HeadPath == source.EmbeddingPath
                ? StagePart.Share(embedding, Shape(options.HeadRows, lanes), captures: false)
                : StagePart.Load(source.HeadPath, Shape(options.HeadRows, lanes), KvCacheType.F16, captures: false);
            Check(embedding.Model);
            Check(head.Model);
            if (embedding.Model.Width != head.Model.Width || embedding.Model.VocabularySize != head.Model.VocabularySize)
            {
                throw new EngineException(EngineError.WrongModel, $"'{embedding.Model.File}' and '{head.Model.File}' are not of one model. Assemble the edge again.");
            }

            return new EdgeStage(embedding, head, options, lanes, source.HeadRowScale);
        }
        catch
        {
            head?.Dispose();
            embedding.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">No tokens, or one outside the vocabulary.</exception>
    /// <exception cref="StageException">Too much is waiting, or the edge is shutting down.</exception>
    public async ValueTask<HiddenRows> EmbedAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfZero(tokens.Length, nameof(tokens));
        foreach (var token in tokens.Span)
        {
            if ((uint)token >= (uint)VocabularySize)
            {
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"A token is outside the vocabulary of {VocabularySize}.");
            }
        }

        return await Submit(new EdgeWork(tokens, rows: null, Width, cancellationToken));
    }

    /// <inheritdoc/>
    /// <exception cref="StageException">The rows are malformed, too much is waiting, the edge is shutting down, or the logits are not finite.</exception>
    public async ValueTask<HiddenRows> ComputeLogitsAsync(HiddenRows rows, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (rows.Width != Width)
        {
            throw new StageException(StageError.BadShape, $"Rows of {rows.Width} values came, but this head takes {Width}.");
        }

        if (!RowCheck.IsSane(rows.Span))
        {
            throw new StageException(StageError.NotFinite, "A row for the head holds NaN, infinity or an absurd magnitude; a stage before it computed nonsense.");
        }

        return await Submit(new EdgeWork(default, rows, VocabularySize, cancellationToken));
    }

    /// <summary>Fails what waits with <see cref="StageError.Closed"/> and frees the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _closed = true;
                if (!_scheduled)
                {
                    Free();
                }
            }
        }

        await _ended.Task;
    }

    /// <inheritdoc/>
    bool IComputeWork.ComputeRound()
    {
        _batch.Clear();
        var embeds = Gather();
        if (_batch.Count > 0)
        {
            try
            {
                Compute(embeds);
            }
            catch (Exception error)
            {
                // A defect here must not take the lane with it.
                FailBatch(new StageException(StageError.Internal, "The edge failed while computing: " + error.Message, error));
            }
        }

        lock (_gate)
        {
            _scheduled = _queue.Count > 0;
            if (!_scheduled && _closed)
            {
                Free();
            }

            return _scheduled;
        }
    }

    private Task<HiddenRows> Submit(EdgeWork work)
    {
        work.OnCancelled(OnCancelled);
        lock (_gate)
        {
            if (_closed || _queue.Count >= _maxQueued)
            {
                work.Result.Dispose();
                throw _closed
                    ? Closed()
                    : new StageException(StageError.Busy, $"{_maxQueued} requests are waiting for embedding and head; retry later.");
            }

            if (!work.IsQueued)
            {
                return work.Task;
            }

            _queue.AddLast(work);
            if (!_scheduled)
            {
                _scheduled = true;
                _lanes.Enqueue(this);
            }
        }

        return work.Task;
    }

    private void OnCancelled(LaneWork work)
    {
        if (work.TryCancelQueued())
        {
            var edge = (EdgeWork)work;
            edge.Result.Dispose();
            lock (_gate)
            {
                _queue.Remove(edge);
            }
        }
    }

    /// <summary>Takes slices of one kind from the front of the queue; a work stays queued until its last slice.</summary>
    private bool Gather()
    {
        lock (_gate)
        {
            var embeds = _queue.First?.Value.Rows is null;
            var room = embeds ? _embedding.Context.Shape.Rows : _head.Context.Shape.Rows;
            while (room > 0 && _queue.First is { } node && node.Value.Rows is null == embeds)
            {
                var work = node.Value;
                if (_closed || (work.Computed == 0 && !work.TryStart()))
                {
                    _queue.RemoveFirst();
                    FailClosed(work);
                    continue;
                }

                var count = Math.Min(room, work.Count - work.Computed);
                _batch.Add((work, work.Computed, count));
                room -= count;
                work.Computed += count;
                if (work.Computed < work.Count)
                {
                    break;
                }

                _queue.RemoveFirst();
            }

            return embeds;
        }
    }

    private static void FailClosed(EdgeWork work)
    {
        if (work.Computed > 0 || work.TryStart())
        {
            work.Result.Dispose();
            work.Fail(Closed());
        }
    }

    private void Compute(bool embeds)
    {
        NativeLog.Begin();
        var context = (embeds ? _embedding : _head).Context;
        var rows = 0;
        foreach (var (work, first, count) in _batch)
        {
            if (embeds)
            {
                work.Tokens.Span.Slice(first, count).CopyTo(context.Tokens[rows..]);
            }
            else
            {
                CopyScaled(work.Rows!.Span.Slice(first * Width, count * Width), context.Rows[(rows * Width)..]);
            }

            rows += count;
        }

        for (var i = 0; i < rows; i++)
        {
            context.Positions[i] = i;
            context.Sequences[i] = 0;
        }

        var started = Stopwatch.GetTimestamp();
        var outcome = embeds ? context.DecodeTokens(rows, _embedded.AsSpan(0, rows * Width)) : context.DecodeRows(rows, []);
        context.Clear();
        if (embeds)
        {
            Volatile.Write(ref _embeddingTicks, _embeddingTicks + Stopwatch.GetElapsedTime(started).Ticks);
        }

        if (outcome != DecodeOutcome.Computed)
        {
            FailBatch(new StageException(StageError.ComputeFailed, $"llama.cpp failed to compute {rows} rows of the edge: {outcome}.{NativeLog.Kept()}"));
            return;
        }

        Deliver(embeds ? _embedded : context.Logits(rows), embeds ? Width : VocabularySize);
    }

    private void Deliver(ReadOnlySpan<float> values, int width)
    {
        var offset = 0;
        foreach (var (work, first, count) in _batch)
        {
            var slice = values.Slice(offset * width, count * width);
            offset += count;
            if (!RowCheck.IsFinite(slice))
            {
                Drop(work, new StageException(StageError.ComputeFailed, "The edge computed NaN or infinity."));
                continue;
            }

            slice.CopyTo(work.Result.Span[(first * width)..]);
            if (first + count < work.Count)
            {
                if (work.IsCancellationRequested)
                {
                    Drop(work, error: null);
                }

                continue;
            }

            work.Complete(work.Result, isAlone: _batch.Count == 1);
        }
    }

    private void FailBatch(StageException error)
    {
        foreach (var (work, _, _) in _batch)
        {
            Drop(work, error);
        }
    }

    private void Drop(EdgeWork work, StageException? error)
    {
        lock (_gate)
        {
            _queue.Remove(work);
        }

        work.Result.Dispose();
        if (error is null)
        {
            work.Cancel();
        }
        else
        {
            work.Fail(error);
        }
    }

    private void CopyScaled(ReadOnlySpan<float> rows, Span<float> destination)
    {
        if (_rowScale == 1f)
        {
            rows.CopyTo(destination);
            return;
        }

        for (var i = 0; i < rows.Length; i++)
        {
            destination[i] = rows[i] * _rowScale;
        }
    }

    private void Free()
    {
        // The head may share the embedding's model, so it goes first.
        _head.Dispose();
        _embedding.Dispose();
        _ended.TrySetResult();
    }

    private static ContextShape Shape(int rows, ComputeLanes lanes) => new(rows, rows, 1, lanes.Threads, KvCacheType.F16, IsShared: false);

    private static void Check(NativeModel model)
    {
        if (model.BlockCount != 1 || model.VocabularySize < 1)
        {
            throw new EngineException(EngineError.WrongModel, $"'{model.File}' has {model.BlockCount} blocks and {model.VocabularySize} tokens: an edge has one block and a vocabulary. Assemble it again.");
        }
    }

    private static StageException Closed() => new(StageError.Closed, "Embedding and head are shutting down.");
}
