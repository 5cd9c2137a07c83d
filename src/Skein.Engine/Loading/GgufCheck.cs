using Skein.Engine.Errors;
using Skein.Gguf;

namespace Skein.Engine.Loading;

/// <summary>Reads a file's header with our own reader before llama.cpp does.</summary>
internal static class GgufCheck
{
    /// <summary>Reads the header.</summary>
    /// <returns>The tensors.</returns>
    /// <exception cref="EngineException"><see cref="EngineError.FileMissing"/>.</exception>
    /// <exception cref="GgufException">The file is malformed.</exception>
    public static async Task<IReadOnlyList<GgufTensor>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new EngineException(EngineError.FileMissing, $"The model file '{path}' does not exist.");
        }

        var source = FileRangeSource.Open(path);
        await using (source)
        {
            return (await GgufReader.ReadAsync(source, limits: null, cancellationToken)).Tensors;
        }
    }
}
