using System.Globalization;
using System.Text;
using Skein.Engine.Errors;
using Skein.Engine.Library;
using Skein.Engine.Native;

namespace Skein.Engine.Loading;

/// <summary>A GGUF file loaded by llama.cpp. Read-only after loading, so thread-safe; dispose it after every context made from it.</summary>
internal sealed unsafe class NativeModel : IDisposable
{
    private const int GroupSize = 32;
    private const int MaxMetadataText = 256;

    private NativeModel(ModelHandle handle, string file)
    {
        Handle = handle;
        File = file;
        Width = Llama.ModelWidth(handle);
        BlockCount = Llama.ModelBlockCount(handle);
        ContextLength = Llama.ModelContextLength(handle);
        SlidingWindow = Llama.ModelSlidingWindow(handle);
        Vocabulary = Llama.ModelVocabulary(handle);
        VocabularySize = Llama.VocabularySize(Vocabulary);
    }

    /// <summary>The native object.</summary>
    public ModelHandle Handle { get; }

    /// <summary>Name of the file, without its folder.</summary>
    public string File { get; }

    /// <summary>Values per hidden row.</summary>
    public int Width { get; }

    /// <summary>Blocks in the file.</summary>
    public int BlockCount { get; }

    /// <summary>Positions that the model was trained for.</summary>
    public int ContextLength { get; }

    /// <summary>Positions that blocks with a sliding window look back; 0 if there are none.</summary>
    public int SlidingWindow { get; }

    /// <summary>The vocabulary; lives as long as the model.</summary>
    public nint Vocabulary { get; }

    /// <summary>Token ids; 0 without a vocabulary.</summary>
    public int VocabularySize { get; }

    /// <summary>Loads a file.</summary>
    /// <param name="path">The GGUF.</param>
    /// <param name="vocabularyOnly">Leaves the weights out.</param>
    /// <exception cref="EngineException">The file is missing or llama.cpp refuses it.</exception>
    public static NativeModel Load(string path, bool vocabularyOnly)
    {
        EngineLibrary.Load();
        if (!System.IO.File.Exists(path))
        {
            throw new EngineException(EngineError.FileMissing, $"The model file '{path}' does not exist.");
        }

        var parameters = Llama.ModelDefaultParams();
        parameters.VocabularyOnly = vocabularyOnly ? (byte)1 : (byte)0;
        NativeLog.Begin();
        var handle = Llama.ModelLoadFromFile(path, parameters);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            throw new EngineException(EngineError.NativeRefused, $"llama.cpp cannot load '{Path.GetFileName(path)}'.{NativeLog.Kept()}");
        }

        return new NativeModel(handle, Path.GetFileName(path));
    }

    /// <summary>Q8_0 where the size of a head allows it, else F16.</summary>
    public KvCacheType DefaultKvType() => HeadSizeFitsGroups() ? KvCacheType.Q80 : KvCacheType.F16;

    /// <summary>A metadata value as text; null if the file has none or it is an array.</summary>
    public string? Metadata(string key)
    {
        var buffer = stackalloc byte[MaxMetadataText];
        var length = Llama.ModelMetadataText(Handle, key, buffer, MaxMetadataText);
        return length is >= 0 and < MaxMetadataText ? Encoding.UTF8.GetString(buffer, length) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private bool HeadSizeFitsGroups()
    {
        var architecture = Metadata("general.architecture");
        var heads = Math.Max(1, Llama.ModelHeadCount(Handle));
        return IsMultiple(Metadata(architecture + ".attention.key_length"), Width / heads)
            && IsMultiple(Metadata(architecture + ".attention.value_length"), Width / heads);
    }

    private static bool IsMultiple(string? text, int otherwise)
        => (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : otherwise) % GroupSize == 0;
}
