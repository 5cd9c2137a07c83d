using Skein.P2P.Addressing;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.HolePunching;

/// <summary>Calls within the process that succeed when both sides call each other at once; unless the door is closed.</summary>
internal sealed class MemoryPunch(MemoryPunch.Doors doors, string name) : IPunchTransport
{
    public int Calls { get; private set; }

    public bool CanPunch(Multiaddr address) => address.Parts[0].Code == MultiaddrCode.Memory;

    public async Task<RawConnection> PunchAsync(Multiaddr address, bool takeInbound, CancellationToken cancellationToken)
    {
        Calls++;
        var stream = await doors.MeetAsync(name, address.Parts[0].Text, cancellationToken);
        return new RawConnection(stream, address, null);
    }

    internal sealed class Doors(bool open)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<(string From, string To), TaskCompletionSource<Stream>> _waiting = [];

        public async Task<Stream> MeetAsync(string from, string to, CancellationToken cancellationToken)
        {
            var mine = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (open && _waiting.Remove((to, from), out var theirs))
                {
                    var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
                    theirs.SetResult(far);
                    return near;
                }

                _waiting[(from, to)] = mine;
            }

            try
            {
                return await mine.Task.WaitAsync(cancellationToken);
            }
            finally
            {
                lock (_gate)
                {
                    if (_waiting.TryGetValue((from, to), out var still) && still == mine)
                    {
                        _waiting.Remove((from, to));
                    }
                }
            }
        }
    }
}
