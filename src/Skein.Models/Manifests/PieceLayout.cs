using Skein.Gguf;

namespace Skein.Models;

/// <summary>How a model's tensors are grouped into pieces, and pieces into files.</summary>
public static class PieceLayout
{
    /// <summary>The longest file of a store: 32 MB fits the limits of code hosts and is a fair unit to fetch again after an interruption.</summary>
    public const int MaxPartBytes = 32_000_000;

    /// <summary>Groups tensors: pieces in order, tensors ordinal by name in each.</summary>
    public static IEnumerable<(PieceKey Key, IReadOnlyList<TTensor> Tensors)> Group<TTensor>(IEnumerable<TTensor> tensors, Func<TTensor, string> nameOf)
        => tensors.GroupBy(tensor => PieceKey.Of(nameOf(tensor)))
            .OrderBy(group => group.Key)
            .Select(group => (group.Key, (IReadOnlyList<TTensor>)[.. group.OrderBy(nameOf, StringComparer.Ordinal)]));

    /// <summary>The order of tensors in every file that is assembled, wherever their bytes come from.</summary>
    public static IEnumerable<TensorDescriptor> Order(IEnumerable<TensorDescriptor> tensors) => Group(tensors, tensor => tensor.Name).SelectMany(group => group.Tensors);
}
