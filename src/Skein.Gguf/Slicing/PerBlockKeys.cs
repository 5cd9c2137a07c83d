namespace Skein.Gguf;

/// <summary>Which metadata arrays hold one value a block: <c>{arch}.attention.head_count_kv</c>, <c>{arch}.feed_forward_length</c>, <c>xielu.alpha_n</c>, ...</summary>
/// <remarks>llama.cpp reads them with <c>get_key_or_arr</c> and refuses a length other than the number of blocks, so the length tells them from others.</remarks>
internal static class PerBlockKeys
{
    /// <summary>Always four values, so in a model of four blocks the length would mislead.</summary>
    private const string RopeSections = ".rope.dimension_sections";

    public static bool Contains(string key, GgufValue value, int blockCount)
        => value.IsArray
            && value.Count == blockCount
            && !key.StartsWith("tokenizer.", StringComparison.Ordinal)
            && !key.StartsWith("general.", StringComparison.Ordinal)
            && !key.EndsWith(RopeSections, StringComparison.Ordinal);
}
