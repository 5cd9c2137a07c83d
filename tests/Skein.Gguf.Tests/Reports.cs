namespace Skein.Gguf.Tests;

/// <summary>Keeps what was reported, at once and in order.</summary>
internal sealed class Reports : IProgress<long>
{
    public List<long> All { get; } = [];

    public long Last => All[^1];

    public void Report(long value) => All.Add(value);
}
