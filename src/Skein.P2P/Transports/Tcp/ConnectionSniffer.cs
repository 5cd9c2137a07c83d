using Skein.Core.Decoding;

namespace Skein.P2P.Transports.Tcp;

/// <summary>Tells the protocols of one port apart.</summary>
[Decoder]
public static class ConnectionSniffer
{
    /// <summary>Bytes that decide.</summary>
    public const int Length = 3;

    /// <summary>What the bytes start.</summary>
    public static FirstBytes Classify(ReadOnlySpan<byte> first) => first switch
    {
        [0x13, (byte)'/', (byte)'m', ..] => FirstBytes.Multistream,
        [0x16, 0x03, <= 0x04, ..] => FirstBytes.Tls,
        [(byte)'G', (byte)'E', (byte)'T', ..] or [(byte)'P', (byte)'O', (byte)'S', ..] or [(byte)'P', (byte)'U', (byte)'T', ..] or [(byte)'H', (byte)'E', (byte)'A', ..]
            or [(byte)'D', (byte)'E', (byte)'L', ..] or [(byte)'O', (byte)'P', (byte)'T', ..] or [(byte)'P', (byte)'A', (byte)'T', ..] or [(byte)'P', (byte)'R', (byte)'I', ..] => FirstBytes.Http,
        _ => FirstBytes.Unknown,
    };
}
