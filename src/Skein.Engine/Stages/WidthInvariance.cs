using Skein.Engine.Loading;
using Skein.Gguf;

namespace Skein.Engine.Stages;

/// <summary>Which weights compute the same bits for a row whatever else is in its batch.</summary>
/// <remarks>
/// Data that was measured (<c>skein parity</c>, ADR 2), not reasoned: matrix kernels take other paths for one row than for several, and only some types add up in the
/// same order in both. A type that nobody measured on a variant is not on the list, which costs speed, never truth.
/// </remarks>
internal static class WidthInvariance
{
    private static readonly Dictionary<string, GgmlType[]> Measured = new(StringComparer.Ordinal)
    {
        ["avx512"] = [GgmlType.Q4_1],
        ["avx2"] = [GgmlType.Q4_1],
    };

    /// <summary>Whether a stage is invariant.</summary>
    /// <param name="variant">CPU variant of the engine.</param>
    /// <param name="kvType">How keys and values are kept; with f16, flash attention takes other paths from 64 rows on.</param>
    /// <param name="tensors">Tensors of all files of the stage.</param>
    public static bool Holds(string variant, KvCacheType kvType, IEnumerable<GgufTensor> tensors)
        => kvType == KvCacheType.Q80
            && Measured.TryGetValue(variant, out var types)
            && tensors.Where(IsBlockMatrix).All(tensor => types.Contains(tensor.Type));

    // Norms and biases are added and multiplied value by value: their type cannot depend on the batch.
    private static bool IsBlockMatrix(GgufTensor tensor) => BlockTensorName.TryParse(tensor.Name, out _) && tensor.Shape.Count > 1;
}
