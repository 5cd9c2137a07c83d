using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Skein.Core.Stages;
using Skein.Engine.Errors;
using Skein.Engine.Library;
using Skein.Engine.Native;

namespace Skein.Engine.Loading;

/// <summary>A llama.cpp context with its batch in native memory. One thread at a time, except <see cref="Abort"/>.</summary>
/// <remarks>
/// Always with flash attention, every row flagged as output and one micro-batch a batch: what a middle stage needs
/// (the last block drops rows that are not outputs), and what keeps a row's result independent of the rows beside it.
/// </remarks>
internal sealed unsafe class NativeContext : IDisposable
{
    private readonly ContextHandle _handle;
    private readonly nint _memory;
    private readonly CaptureState* _state;
    private readonly float* _rows;
    private readonly int* _tokens;
    private readonly int* _positions;
    private readonly int* _sequenceCounts;
    private readonly int* _sequences;
    private readonly int** _sequencePointers;
    private readonly byte* _outputs;
    private readonly byte* _captureName;
    private int _disposed;

    /// <summary>Makes a context.</summary>
    /// <param name="model">The model; it must outlive the context.</param>
    /// <param name="shape">How.</param>
    /// <param name="capture">Tensor to capture, after which the graph is left uncomputed; null computes logits.</param>
    /// <exception cref="EngineException">llama.cpp refuses.</exception>
    public NativeContext(NativeModel model, ContextShape shape, string? capture)
    {
        Model = model;
        Shape = shape;
        _state = (CaptureState*)NativeMemory.AllocZeroed((nuint)sizeof(CaptureState));
        if (capture is not null)
        {
            var name = Encoding.UTF8.GetBytes(capture);
            _captureName = (byte*)NativeMemory.AllocZeroed((nuint)name.Length + 1);
            name.CopyTo(new Span<byte>(_captureName, name.Length));
        }

        var count = (nuint)shape.Rows;
        _rows = (float*)NativeMemory.AllocZeroed(count * (nuint)model.Width, sizeof(float));
        _tokens = (int*)NativeMemory.AllocZeroed(count, sizeof(int));
        _positions = (int*)NativeMemory.AllocZeroed(count, sizeof(int));
        _sequenceCounts = (int*)NativeMemory.AllocZeroed(count, sizeof(int));
        _sequences = (int*)NativeMemory.AllocZeroed(count, sizeof(int));
        _sequencePointers = (int**)NativeMemory.AllocZeroed(count, (nuint)sizeof(int*));
        _outputs = (byte*)NativeMemory.AllocZeroed(count);
        for (var i = 0; i < shape.Rows; i++)
        {
            _sequenceCounts[i] = 1;
            _sequencePointers[i] = _sequences + i;
            _outputs[i] = 1;
        }

        NativeLog.Begin();
        _handle = Llama.InitFromModel(model.Handle, Parameters(shape, capture is not null));
        if (_handle.IsInvalid)
        {
            var kept = NativeLog.Kept();
            Dispose();
            throw new EngineException(
                EngineError.NativeRefused,
                $"llama.cpp cannot make a context of {shape.Tokens} tokens and {shape.Sequences} sequences for '{model.File}'; there may be too little memory.{kept}");
        }

        _memory = Llama.GetMemory(_handle);
    }

    /// <summary>The model.</summary>
    public NativeModel Model { get; }

    /// <summary>How the context was made.</summary>
    public ContextShape Shape { get; }

    /// <summary>Room for the rows of a batch, [<see cref="ContextShape.Rows"/>, width]: fill it before <see cref="DecodeRows"/>.</summary>
    public Span<float> Rows => new(_rows, Shape.Rows * Model.Width);

    /// <summary>Room for the tokens of a batch: fill it before <see cref="DecodeTokens"/>.</summary>
    public Span<int> Tokens => new(_tokens, Shape.Rows);

    /// <summary>Room for the positions of a batch.</summary>
    public Span<int> Positions => new(_positions, Shape.Rows);

    /// <summary>Room for the sequences of a batch.</summary>
    public Span<int> Sequences => new(_sequences, Shape.Rows);

    /// <summary>Computes a batch of hidden rows.</summary>
    /// <param name="count">Rows filled into <see cref="Rows"/>, <see cref="Positions"/>, <see cref="Sequences"/>.</param>
    /// <param name="captured">Receives the captured tensor, [count, width]; empty without a capture.</param>
    public DecodeOutcome DecodeRows(int count, Span<float> captured) => Decode(count, null, _rows, captured);

    /// <summary>Computes a batch of tokens.</summary>
    /// <param name="count">Tokens filled into <see cref="Tokens"/>, <see cref="Positions"/>, <see cref="Sequences"/>.</param>
    /// <param name="captured">Receives the captured tensor, [count, width]; empty without a capture.</param>
    public DecodeOutcome DecodeTokens(int count, Span<float> captured) => Decode(count, _tokens, null, captured);

    /// <summary>Gives rows their KV cells without computing anything.</summary>
    /// <param name="count">Rows filled into <see cref="Positions"/> and <see cref="Sequences"/>.</param>
    public DecodeOutcome Place(int count)
    {
        _state->Skip = 1;
        try
        {
            return Decode(count, null, _rows, []);
        }
        finally
        {
            _state->Skip = 0;
        }
    }

    /// <summary>Logits of the last batch, [rows, vocabulary], valid until the next one.</summary>
    public ReadOnlySpan<float> Logits(int rows) => new(Llama.GetLogits(_handle), checked(rows * Model.VocabularySize));

    /// <summary>Stops the batch that is being computed, or the next one. Any thread.</summary>
    public void Abort() => Volatile.Write(ref _state->Abort, 1);

    /// <summary>Lets batches run again.</summary>
    public void ResetAbort() => Volatile.Write(ref _state->Abort, 0);

    /// <summary>Forgets positions <c>[first, end)</c> of a sequence.</summary>
    public bool Remove(int sequence, int first, int end) => Llama.MemoryRemove(_memory, sequence, first, end) != 0;

    /// <summary>Shares positions <c>[first, end)</c> of a sequence with another.</summary>
    public void Copy(int source, int destination, int first, int end) => Llama.MemoryCopy(_memory, source, destination, first, end);

    /// <summary>First position that a sequence holds in every block; -1 if none.</summary>
    public int FirstPosition(int sequence) => Llama.MemoryFirstPosition(_memory, sequence);

    /// <summary>Last position that a sequence holds; -1 if none.</summary>
    public int LastPosition(int sequence) => Llama.MemoryLastPosition(_memory, sequence);

    /// <summary>Forgets everything.</summary>
    public void Clear() => Llama.MemoryClear(_memory, 0);

    /// <summary>Writes the state of a sequence.</summary>
    public byte[] Export(int sequence)
    {
        var size = Llama.SequenceStateSize(_handle, sequence);
        var bytes = new byte[checked((int)size)];
        fixed (byte* destination = bytes)
        {
            var written = Llama.SequenceStateGet(_handle, destination, size, sequence);
            if (written != size)
            {
                throw new StageException(StageError.Internal, $"llama.cpp wrote {written} of {size} bytes of a sequence's state.");
            }
        }

        return bytes;
    }

    /// <summary>Reads the state of a sequence.</summary>
    /// <returns>Whether llama.cpp took it; if not, the sequence is empty.</returns>
    public bool Import(int sequence, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
        {
            if (Llama.SequenceStateSet(_handle, source, (nuint)bytes.Length, sequence) == (nuint)bytes.Length)
            {
                return true;
            }
        }

        Remove(sequence, 0, int.MaxValue);
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _handle?.Dispose();
        NativeMemory.Free(_rows);
        NativeMemory.Free(_tokens);
        NativeMemory.Free(_positions);
        NativeMemory.Free(_sequenceCounts);
        NativeMemory.Free(_sequences);
        NativeMemory.Free(_sequencePointers);
        NativeMemory.Free(_outputs);
        NativeMemory.Free(_captureName);
        NativeMemory.Free(_state);
    }

    private ContextParams Parameters(ContextShape shape, bool captures)
    {
        var parameters = Llama.ContextDefaultParams();
        parameters.Context = (uint)shape.Tokens;
        parameters.Batch = (uint)shape.Rows;
        parameters.MicroBatch = (uint)shape.Rows;
        parameters.MaxSequences = (uint)shape.Sequences;
        parameters.Threads = shape.Threads;
        parameters.BatchThreads = shape.Threads;
        parameters.PoolingType = ContextParams.PoolingNone;
        parameters.FlashAttentionType = ContextParams.FlashAttentionEnabled;
        parameters.KeyType = shape.KvType == KvCacheType.Q80 ? Ggml.TypeQ80 : Ggml.TypeF16;
        parameters.ValueType = parameters.KeyType;
        parameters.FullSlidingWindow = 1;
        parameters.UnifiedKv = shape.IsShared ? (byte)1 : (byte)0;
        parameters.AbortCallback = &OnAbort;
        parameters.AbortCallbackData = (nint)_state;
        if (captures)
        {
            parameters.EvalCallback = &OnNode;
            parameters.EvalCallbackData = (nint)_state;
        }

        return parameters;
    }

    private DecodeOutcome Decode(int count, int* tokens, float* rows, Span<float> captured)
    {
        if (count < 1 || count > Shape.Rows)
        {
            throw new StageException(StageError.Internal, $"A batch of {count} rows reached a context that takes 1 to {Shape.Rows}.");
        }

        var batch = new BatchView
        {
            Count = count,
            Tokens = tokens,
            Rows = rows,
            Positions = _positions,
            SequenceCounts = _sequenceCounts,
            SequenceIds = _sequencePointers,
            Outputs = _outputs,
        };
        int code;
        fixed (float* destination = captured)
        {
            // The callback sees the name only while there is somewhere to write: making the context runs callbacks-free graphs too.
            _state->Destination = (byte*)destination;
            _state->Capacity = (long)captured.Length * sizeof(float);
            _state->Written = 0;
            _state->Refused = 0;
            _state->Name = _captureName;
            code = Llama.Decode(_handle, batch);
            Llama.Synchronize(_handle);
            _state->Name = null;
            _state->Destination = null;
            _state->Capacity = 0;
        }

        return code switch
        {
            0 when _captureName is null || _state->Skip != 0 || (_state->Written == (long)count * Model.Width * sizeof(float) && _state->Refused == 0) => DecodeOutcome.Computed,
            1 => DecodeOutcome.NoCells,
            2 => DecodeOutcome.Aborted,
            _ => DecodeOutcome.Failed,
        };
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnNode(nint tensor, byte ask, nint data)
    {
        var state = (CaptureState*)data;
        if (state->Skip != 0)
        {
            // Asked for every node, and ends the graph at the first.
            return ask;
        }

        if (ask != 0)
        {
            return state->Name is not null && IsNamed(Ggml.GetName(tensor), state->Name) ? (byte)1 : (byte)0;
        }

        var size = (long)Ggml.ByteCount(tensor);
        if (size > state->Capacity - state->Written)
        {
            state->Refused += size;
            return 0;
        }

        Ggml.TensorGet(tensor, state->Destination + state->Written, 0, (nuint)size);
        state->Written += size;

        // False: what follows, norm and head, is nobody's business in a middle stage.
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte OnAbort(nint data) => Volatile.Read(ref ((CaptureState*)data)->Abort) != 0 ? (byte)1 : (byte)0;

    private static bool IsNamed(byte* name, byte* wanted)
    {
        while (*name == *wanted)
        {
            if (*name == 0)
            {
                return true;
            }

            name++;
            wanted++;
        }

        return false;
    }
}
