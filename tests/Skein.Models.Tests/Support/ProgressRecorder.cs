namespace Skein.Models.Tests;

/// <summary>Keeps every report, in order.</summary>
internal sealed class ProgressRecorder : IProgress<TransferProgress>
{
    public List<TransferProgress> Reports { get; } = [];

    public void Report(TransferProgress value) => Reports.Add(value);
}
