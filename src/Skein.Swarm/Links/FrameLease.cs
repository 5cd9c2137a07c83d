namespace Skein.Swarm.Links;

/// <summary>A session's hold on a link; the link stays open at least as long. Dispose it once more or less: only the first counts.</summary>
internal sealed class FrameLease(FrameLink link, Action release) : IDisposable
{
    private Action? _release = release;

    /// <summary>The link.</summary>
    public FrameLink Link { get; } = link;

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
