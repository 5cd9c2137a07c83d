namespace Skein.P2P.Yamux;

/// <summary>A stream's place in a <see cref="StreamQueue"/>.</summary>
internal struct StreamLink
{
    public YamuxStream? Next;
    public bool Queued;
}
