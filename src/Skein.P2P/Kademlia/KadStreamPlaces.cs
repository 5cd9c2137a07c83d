namespace Skein.P2P.Kademlia;

/// <summary>Counts the streams that are served, in all and by neighbourhood. Thread-safe; holds no more names than streams.</summary>
/// <param name="most">Streams in all.</param>
/// <param name="mostOfOne">Streams of one neighbourhood.</param>
internal sealed class KadStreamPlaces(int most, int mostOfOne)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>Takes a place; then <see cref="Release"/> must follow.</summary>
    public bool TryTake(string neighbourhood)
    {
        lock (_gate)
        {
            var taken = _taken.GetValueOrDefault(neighbourhood);
            if (_all >= most || taken >= mostOfOne)
            {
                return false;
            }

            _taken[neighbourhood] = taken + 1;
            _all++;
            return true;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Release(string neighbourhood)
    {
        lock (_gate)
        {
            _all--;
            if (--_taken[neighbourhood] == 0)
            {
                _taken.Remove(neighbourhood);
            }
        }
    }
}
