namespace Skein.Fuzz;

/// <summary>An input that a decoder did not take as it should.</summary>
/// <param name="Input">The bytes.</param>
/// <param name="Reason">What happened.</param>
public sealed record FuzzFailure(ReadOnlyMemory<byte> Input, string Reason)
{
    /// <summary>Enough to make a corpus file of it.</summary>
    public override string ToString() => $"{Reason}{Environment.NewLine}Input, {Input.Length} bytes, Base64: {Convert.ToBase64String(Input.Span)}";
}
