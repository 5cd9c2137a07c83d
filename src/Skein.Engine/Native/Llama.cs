using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary>The functions of libllama that Skein calls, as declared by llama.cpp 815a2a591 (<c>include/llama.h</c>).</summary>
/// <remarks>
/// <see cref="Library.EngineLibrary.Load"/> must have run before the first call. Thread-safety is llama.cpp's: a context is used by one thread at a time,
/// a model and its vocabulary are read-only after loading.
/// </remarks>
internal static unsafe partial class Llama
{
    internal const string Name = "llama";

    [LibraryImport(Name, EntryPoint = "llama_backend_init"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void BackendInit();

    [LibraryImport(Name, EntryPoint = "llama_log_set"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void LogSet(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);

    [LibraryImport(Name, EntryPoint = "llama_model_default_params"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ModelParams ModelDefaultParams();

    [LibraryImport(Name, EntryPoint = "llama_context_default_params"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ContextParams ContextDefaultParams();

    [LibraryImport(Name, EntryPoint = "llama_max_parallel_sequences"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nuint MaxParallelSequences();

    [LibraryImport(Name, EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ModelHandle ModelLoadFromFile(string path, ModelParams parameters);

    [LibraryImport(Name, EntryPoint = "llama_model_free"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void ModelFree(nint model);

    [LibraryImport(Name, EntryPoint = "llama_init_from_model"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ContextHandle InitFromModel(ModelHandle model, ContextParams parameters);

    [LibraryImport(Name, EntryPoint = "llama_free"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void Free(nint context);

    [LibraryImport(Name, EntryPoint = "llama_model_n_ctx_train"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int ModelContextLength(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_model_n_embd"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int ModelWidth(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_model_n_layer"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int ModelBlockCount(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_model_n_head"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int ModelHeadCount(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_model_n_swa"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int ModelSlidingWindow(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_model_size"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial ulong ModelSize(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_model_meta_val_str", StringMarshalling = StringMarshalling.Utf8), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int ModelMetadataText(ModelHandle model, string key, byte* buffer, nuint size);

    [LibraryImport(Name, EntryPoint = "llama_model_get_vocab"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nint ModelVocabulary(ModelHandle model);

    [LibraryImport(Name, EntryPoint = "llama_vocab_n_tokens"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int VocabularySize(nint vocabulary);

    [LibraryImport(Name, EntryPoint = "llama_vocab_type"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int VocabularyType(nint vocabulary);

    [LibraryImport(Name, EntryPoint = "llama_vocab_is_eog"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte VocabularyIsEndOfGeneration(nint vocabulary, int token);

    [LibraryImport(Name, EntryPoint = "llama_vocab_is_control"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte VocabularyIsControl(nint vocabulary, int token);

    [LibraryImport(Name, EntryPoint = "llama_vocab_bos"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int VocabularyBeginOfSequence(nint vocabulary);

    [LibraryImport(Name, EntryPoint = "llama_vocab_eos"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int VocabularyEndOfSequence(nint vocabulary);

    [LibraryImport(Name, EntryPoint = "llama_vocab_get_add_bos"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte VocabularyAddsBeginOfSequence(nint vocabulary);

    [LibraryImport(Name, EntryPoint = "llama_tokenize"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int Tokenize(nint vocabulary, byte* text, int length, int* tokens, int capacity, byte addSpecial, byte parseSpecial);

    [LibraryImport(Name, EntryPoint = "llama_token_to_piece"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int TokenToPiece(nint vocabulary, int token, byte* buffer, int length, int leftStrip, byte special);

    [LibraryImport(Name, EntryPoint = "llama_get_memory"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nint GetMemory(ContextHandle context);

    [LibraryImport(Name, EntryPoint = "llama_memory_clear"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void MemoryClear(nint memory, byte data);

    [LibraryImport(Name, EntryPoint = "llama_memory_seq_rm"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte MemoryRemove(nint memory, int sequence, int first, int end);

    [LibraryImport(Name, EntryPoint = "llama_memory_seq_cp"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void MemoryCopy(nint memory, int source, int destination, int first, int end);

    [LibraryImport(Name, EntryPoint = "llama_memory_seq_pos_min"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int MemoryFirstPosition(nint memory, int sequence);

    [LibraryImport(Name, EntryPoint = "llama_memory_seq_pos_max"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int MemoryLastPosition(nint memory, int sequence);

    [LibraryImport(Name, EntryPoint = "llama_decode"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial int Decode(ContextHandle context, BatchView batch);

    [LibraryImport(Name, EntryPoint = "llama_synchronize"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void Synchronize(ContextHandle context);

    [LibraryImport(Name, EntryPoint = "llama_n_ctx"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial uint ContextLength(ContextHandle context);

    [LibraryImport(Name, EntryPoint = "llama_get_logits"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial float* GetLogits(ContextHandle context);

    [LibraryImport(Name, EntryPoint = "llama_get_logits_ith"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial float* GetLogitsOf(ContextHandle context, int row);

    [LibraryImport(Name, EntryPoint = "llama_state_seq_get_size"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nuint SequenceStateSize(ContextHandle context, int sequence);

    [LibraryImport(Name, EntryPoint = "llama_state_seq_get_data"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nuint SequenceStateGet(ContextHandle context, byte* destination, nuint size, int sequence);

    [LibraryImport(Name, EntryPoint = "llama_state_seq_set_data"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nuint SequenceStateSet(ContextHandle context, byte* source, nuint size, int sequence);

    [LibraryImport(Name, EntryPoint = "llama_sampler_init_grammar", StringMarshalling = StringMarshalling.Utf8), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial SamplerHandle SamplerInitGrammar(nint vocabulary, string grammar, string root);

    [LibraryImport(Name, EntryPoint = "llama_sampler_apply"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void SamplerApply(SamplerHandle sampler, TokenCandidates* candidates);

    [LibraryImport(Name, EntryPoint = "llama_sampler_accept"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void SamplerAccept(SamplerHandle sampler, int token);

    [LibraryImport(Name, EntryPoint = "llama_sampler_free"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void SamplerFree(nint sampler);
}
