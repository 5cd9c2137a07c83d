namespace Skein.Models;

/// <summary>The files of embedding and head, ready for the engine: GGUFs with the model's own vocabulary around one block that changes nothing.</summary>
/// <param name="Embedding">Tokens in, <c>l_out-0</c> out.</param>
/// <param name="Head">Rows in, logits out. The same file for most architectures.</param>
/// <param name="HeadRowScale">What rows are multiplied by before the head; 1 for most.</param>
public sealed record EdgeFiles(string Embedding, string Head, float HeadRowScale)
{
    /// <summary>Whether one file does both.</summary>
    public bool IsOneFile => Embedding == Head;
}
