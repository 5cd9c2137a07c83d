namespace Skein.Models;

/// <summary>How far a long read or write is.</summary>
/// <param name="Done">Bytes so far.</param>
/// <param name="Total">Bytes in all.</param>
public readonly record struct TransferProgress(long Done, long Total)
{
    /// <summary>Passes byte counts on with their total, at once and in order.</summary>
    internal static IProgress<long>? Relay(IProgress<TransferProgress>? progress, long total, long before = 0)
        => progress is null ? null : new Relayed(progress, total, before);

    private sealed class Relayed(IProgress<TransferProgress> inner, long total, long before) : IProgress<long>
    {
        public void Report(long value) => inner.Report(new TransferProgress(before + value, total));
    }
}
