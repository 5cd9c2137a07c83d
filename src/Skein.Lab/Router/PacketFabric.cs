using System.Buffers.Binary;
using System.Net;
using Skein.Lab.Chance;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.Lab.Router;

/// <summary>What the internet does to packets, without any input or output: a discrete-event simulation whose clock is handed in.</summary>
/// <remarks>
/// <para>The way of a packet from host a to host b: uplink of a (rate, queue) - link a to b (cut, rate, queue, loss, delay, jitter) - downlink of b (rate, queue).</para>
/// <para>Events are handled in the order of their own times, not of when the caller came round: a late turn makes packets late by as much, but never reorders them and never changes a rate.
/// What happens inside need not even happen in time: <see cref="NextWake"/> is when a packet may come out at the earliest, so that a caller wakes once for a packet, not at each of its stations.
/// Not thread-safe. Only IPv4 passes.</para>
/// </remarks>
internal sealed class PacketFabric
{
    private readonly int _ports;
    private readonly IPacketSink _sink;
    private readonly Dictionary<uint, int> _routes = [];
    private readonly RateQueue[] _uplinks;
    private readonly RateQueue[] _downlinks;
    private readonly LinkState[] _links;
    private readonly PriorityQueue<int, long> _agenda = new();
    private readonly PriorityQueue<(int Node, long Due), long> _alarms = new();
    private readonly long[] _scheduled;
    private readonly long[] _shortest;

    /// <summary>Creates a fabric.</summary>
    /// <param name="ports">The hosts' access lines.</param>
    /// <param name="link">The settings of each directed link, by port numbers.</param>
    /// <param name="sink">Where packets come out.</param>
    /// <param name="seed">What all chance depends on.</param>
    public PacketFabric(IReadOnlyList<PortSettings> ports, Func<int, int, LinkSettings> link, IPacketSink sink, ulong seed)
    {
        _ports = ports.Count;
        _sink = sink;
        _uplinks = [.. ports.Select(port => Queue(port.Up, port))];
        _downlinks = [.. ports.Select(port => Queue(port.Down, port))];
        _links = new LinkState[_ports * _ports];
        for (var i = 0; i < _links.Length; i++)
        {
            _links[i] = new LinkState(link(i / _ports, i % _ports), LabRandom.Mix(seed, (ulong)i));
        }

        _scheduled = new long[(2 * _ports) + (2 * _links.Length)];
        Array.Fill(_scheduled, long.MaxValue);
        _shortest = new long[_ports];
        for (var port = 0; port < _ports; port++)
        {
            _shortest[port] = ShortestFrom(port);
        }

        for (var port = 0; port < _ports; port++)
        {
            foreach (var address in ports[port].Addresses)
            {
                _routes.Add(Number(address), port);
            }
        }

        static RateQueue Queue(BitRate rate, PortSettings port)
        {
            var queue = new RateQueue();
            queue.Configure(rate, port.Queue, 0);
            return queue;
        }
    }

    /// <summary>Buffers for packets; what is rented here is given to <see cref="Receive"/>.</summary>
    public PacketPool Pool { get; } = new();

    /// <summary>Packets to addresses that no port has, or that are no IPv4 packets.</summary>
    public long Unroutable { get; private set; }

    /// <summary>When something happens next; <see cref="long.MaxValue"/> when nothing is under way.</summary>
    public long NextDue => _agenda.TryPeek(out _, out var due) ? due : long.MaxValue;

    /// <summary>When, at the earliest, the next packet comes out; <see cref="long.MaxValue"/> when nothing is under way.</summary>
    public long NextWake
    {
        get
        {
            while (_alarms.TryPeek(out var alarm, out var wake))
            {
                if (_scheduled[alarm.Node] == alarm.Due)
                {
                    return wake;
                }

                _alarms.Dequeue();
            }

            return long.MaxValue;
        }
    }

    /// <summary>The directed link between two ports.</summary>
    public LinkState Link(int from, int to) => _links[(from * _ports) + to];

    /// <summary>Changes a link from now on.</summary>
    public void SetLink(int from, int to, LinkSettings settings, long now)
    {
        Advance(now);
        var link = (from * _ports) + to;
        _links[link].Set(settings, now);
        _shortest[from] = ShortestFrom(from);
        Schedule(LineNode(link), _links[link].Line.NextDue);
        if (_scheduled[from] is not long.MaxValue and var due)
        {
            _alarms.Enqueue((from, due), EarliestOut(from, due));
        }
    }

    /// <summary>Cuts a link from now on, or mends it.</summary>
    public void SetCut(int from, int to, bool cut, long now)
    {
        Advance(now);
        Link(from, to).IsCut = cut;
    }

    /// <summary>Takes a packet that a host sent.</summary>
    /// <param name="port">The host's port.</param>
    /// <param name="buffer">A buffer of <see cref="Pool"/>; owned by the fabric from here on.</param>
    /// <param name="length">Bytes of the packet.</param>
    /// <param name="now">The time.</param>
    public void Receive(int port, byte[] buffer, int length, long now)
    {
        // What should have left before must not seem to stand in this packet's way.
        Advance(now);
        if (!TryRoute(buffer.AsSpan(0, length), out var to))
        {
            Unroutable++;
            Pool.Return(buffer);
            return;
        }

        var packet = new Packet(buffer, length, (port * _ports) + to);
        var link = _links[packet.Link];
        link.SentPackets++;
        link.SentBytes += length;
        if (_uplinks[port].IsOpen)
        {
            EnterLink(packet, now);
        }
        else
        {
            Enqueue(_uplinks[port], port, packet, now);
        }
    }

    /// <summary>Lets everything happen that is due.</summary>
    public void Advance(long now)
    {
        while (_agenda.TryPeek(out var node, out var due) && due <= now)
        {
            _agenda.Dequeue();
            if (_scheduled[node] != due)
            {
                // A later change put this node's event at another time.
                continue;
            }

            _scheduled[node] = long.MaxValue;
            if (node < _ports)
            {
                EnterLink(_uplinks[node].Take(), due);
                Schedule(node, _uplinks[node].NextDue);
            }
            else if (node < 2 * _ports)
            {
                Deliver(_downlinks[node - _ports].Take());
                Schedule(node, _downlinks[node - _ports].NextDue);
            }
            else if (node < (2 * _ports) + _links.Length)
            {
                var line = _links[node - (2 * _ports)].Line;
                EnterWire(line.Take(), due);
                Schedule(node, line.NextDue);
            }
            else
            {
                var wire = _links[node - (2 * _ports) - _links.Length].Wire;
                LeaveWire(wire.Take(), due);
                Schedule(node, wire.NextDue);
            }
        }
    }

    private static uint Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        return address.TryWriteBytes(bytes, out var written) && written == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : throw new ArgumentException($"{address} is not an IPv4 address.", nameof(address));
    }

    private bool TryRoute(ReadOnlySpan<byte> packet, out int port)
    {
        const int ShortestHeader = 20;
        const int DestinationOffset = 16;
        port = -1;
        return packet.Length >= ShortestHeader
            && packet[0] >> 4 == 4
            && _routes.TryGetValue(BinaryPrimitives.ReadUInt32BigEndian(packet[DestinationOffset..]), out port);
    }

    private void EnterLink(Packet packet, long now)
    {
        var link = _links[packet.Link];
        if (link.IsCut)
        {
            link.LostByCut++;
            Pool.Return(packet.Buffer);
        }
        else if (link.Line.IsOpen)
        {
            EnterWire(packet, now);
        }
        else
        {
            Enqueue(link.Line, LineNode(packet.Link), packet, now);
        }
    }

    private void EnterWire(Packet packet, long now)
    {
        var link = _links[packet.Link];
        if (link.LosesNext())
        {
            link.LostByChance++;
            Pool.Return(packet.Buffer);
            return;
        }

        var due = link.ArrivalOf(now);
        if (due == now && link.Wire.IsEmpty)
        {
            LeaveWire(packet, now);
            return;
        }

        link.Wire.Add(packet, due);
        Schedule(LineNode(packet.Link) + _links.Length, link.Wire.NextDue);
    }

    private void LeaveWire(Packet packet, long now)
    {
        var link = _links[packet.Link];
        if (link.IsCut)
        {
            // It was on the cable when the cable was cut.
            link.LostByCut++;
            Pool.Return(packet.Buffer);
            return;
        }

        var to = packet.Link % _ports;
        if (_downlinks[to].IsOpen)
        {
            Deliver(packet);
        }
        else
        {
            Enqueue(_downlinks[to], _ports + to, packet, now);
        }
    }

    private void Deliver(Packet packet)
    {
        var link = _links[packet.Link];
        link.DeliveredPackets++;
        link.DeliveredBytes += packet.Length;
        _sink.Deliver(packet.Link % _ports, packet.Buffer.AsSpan(0, packet.Length));
        Pool.Return(packet.Buffer);
    }

    private void Enqueue(RateQueue queue, int node, Packet packet, long now)
    {
        if (queue.TryAdd(packet, now))
        {
            Schedule(node, queue.NextDue);
        }
        else
        {
            _links[packet.Link].LostInQueue++;
            Pool.Return(packet.Buffer);
        }
    }

    private int LineNode(int link) => (2 * _ports) + link;

    private void Schedule(int node, long due)
    {
        if (due == _scheduled[node])
        {
            return;
        }

        _scheduled[node] = due;
        if (due != long.MaxValue)
        {
            _agenda.Enqueue(node, due);
            _alarms.Enqueue((node, due), EarliestOut(node, due));
        }
    }

    /// <summary>When what leaves a node at a time, or later, comes out of the fabric at the earliest.</summary>
    private long EarliestOut(int node, long due)
    {
        if (node < _ports)
        {
            return due + _shortest[node];
        }

        if (node < 2 * _ports)
        {
            return due;
        }

        var wire = node - (2 * _ports) - _links.Length;
        return wire < 0 ? due + _links[wire + _links.Length].ShortestDelay : due + _downlinks[wire % _ports].TimeFor(_links[wire].Wire.Next);
    }

    private long ShortestFrom(int port)
    {
        var shortest = long.MaxValue;
        for (var to = 0; to < _ports; to++)
        {
            shortest = Math.Min(shortest, Link(port, to).ShortestDelay);
        }

        return shortest;
    }
}
