namespace Skein.P2P.AutoNat;

/// <summary>Names and bounds of AutoNAT on the wire (libp2p/specs, autonat).</summary>
public static class AutoNatProtocol
{
    /// <summary>Version 2: a peer asks to be dialled at one of its addresses.</summary>
    public const string DialRequestId = "/libp2p/autonat/2/dial-request";

    /// <summary>Version 2: the dialler proves that it got through.</summary>
    public const string DialBackId = "/libp2p/autonat/2/dial-back";

    /// <summary>Version 1, which is only answered: js-libp2p and older peers ask by it.</summary>
    public const string V1Id = "/libp2p/autonat/1.0.0";

    /// <summary>Longest message but those with dial data: 50 addresses of usual length, and js-libp2p's own bound.</summary>
    public const int MaxMessage = 8 * 1024;

    /// <summary>Addresses of one request that are looked at; a host has a few.</summary>
    public const int MaxAddresses = 50;

    /// <summary>Least bytes that the asker of a dial to another address than its own must send: three times what a handshake costs.</summary>
    public const int MinDialData = 30_000;

    /// <summary>Most bytes that are asked for, and that a client is willing to send.</summary>
    public const int MaxDialData = 100_000;

    /// <summary>Most bytes of dial data in one message.</summary>
    public const int MaxDialDataChunk = 4096;

    /// <summary>Least bytes of dial data in one message but the last: no asker may keep a server busy byte by byte.</summary>
    public const int MinDialDataChunk = 100;

    /// <summary>Streams of each protocol that one connection may hold at once.</summary>
    public const int MaxStreams = 4;
}
