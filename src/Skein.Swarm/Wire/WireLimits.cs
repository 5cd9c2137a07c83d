namespace Skein.Swarm.Wire;

/// <summary>What a peer may send at most. Checked before anything is allocated.</summary>
public static class WireLimits
{
    /// <summary>Version of the message layout, in every header.</summary>
    public const byte Version = 1;

    /// <summary>Body of a message that is no frame: the largest real one (an offer of sixteen spans) is under 4 KiB.</summary>
    public const int MaxBody = 16 * 1024;

    /// <summary>Payload of a frame: 512 rows of width 8,192 as float32.</summary>
    public const int MaxPayload = 16 * 1024 * 1024;

    /// <summary>Rows of a frame: twice the largest prefill chunk that pays.</summary>
    public const int MaxRows = 1024;

    /// <summary>Values per row: four times the widest open-weight model.</summary>
    public const int MaxWidth = 65_536;

    /// <summary>Stages of a chain: beyond this the hops alone take longer than a reply is worth.</summary>
    public const int MaxHops = 256;

    /// <summary>Positions of a sequence.</summary>
    public const int MaxPosition = 1 << 24;

    /// <summary>Blocks of a model.</summary>
    public const int MaxBlocks = 4096;

    /// <summary>Bytes of a peer's id: a libp2p peer id has 52.</summary>
    public const int MaxPeerId = 128;

    /// <summary>Addresses of one peer.</summary>
    public const int MaxAddresses = 8;

    /// <summary>Bytes of one address.</summary>
    public const int MaxAddress = 256;

    /// <summary>Bytes of an admission ticket.</summary>
    public const int MaxTicket = 1024;

    /// <summary>Bytes of an engine class.</summary>
    public const int MaxEngineClass = 128;

    /// <summary>Spans that one node offers.</summary>
    public const int MaxOffers = 16;
}
