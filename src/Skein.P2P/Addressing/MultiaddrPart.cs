using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Addressing;

/// <summary>One protocol of an address, with its value.</summary>
/// <param name="Code">Which protocol.</param>
/// <param name="Value">Its value in binary; empty if the protocol has none.</param>
public readonly record struct MultiaddrPart(MultiaddrCode Code, ReadOnlyMemory<byte> Value)
{
    // Names in DNS take 253 letters, paths may take a little more.
    internal const int MaxValue = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The port, of <see cref="MultiaddrCode.Tcp"/> and <see cref="MultiaddrCode.Udp"/>.</summary>
    public int Port => BinaryPrimitives.ReadUInt16BigEndian(Value.Span);

    /// <summary>The address, of <see cref="MultiaddrCode.Ip4"/> and <see cref="MultiaddrCode.Ip6"/>.</summary>
    public IPAddress Address => new(Value.Span);

    /// <summary>The text, of names and paths.</summary>
    public string Text => StrictUtf8.GetString(Value.Span);

    /// <summary>The value as addresses show it; empty if the protocol has none.</summary>
    public string ValueText => Code switch
    {
        MultiaddrCode.Ip4 or MultiaddrCode.Ip6 => Address.ToString(),
        MultiaddrCode.Tcp or MultiaddrCode.Udp => Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        MultiaddrCode.P2P => Base58.Encode(Value.Span),
        MultiaddrCode.Certhash => Multibase.EncodeBase64Url(Value.Span),
        MultiaddrCode.HttpPath => Uri.EscapeDataString(Text),
        _ => Text,
    };

    // Whether a value that came in is one of its protocol.
    internal static bool IsValid(MultiaddrCode code, ReadOnlySpan<byte> value)
    {
        switch (code)
        {
            case MultiaddrCode.P2P:
                return PeerId.TryRead(value, out _);
            case MultiaddrCode.Certhash:
                return Multihash.TryRead(value, out _, out _);
            case MultiaddrCode.HttpPath:
                // An empty one has no text that could be read again.
                return value.Length > 0 && IsText(value);
            case MultiaddrCode.Ip6Zone or MultiaddrCode.Dns or MultiaddrCode.Dns4 or MultiaddrCode.Dns6 or MultiaddrCode.Dnsaddr or MultiaddrCode.Sni or MultiaddrCode.Memory:
                // Without a slash, or the text of the address would be another address.
                return value.Length > 0 && !value.Contains((byte)'/') && IsText(value);
            default:
                return true;
        }
    }

    internal static bool TryParseValue(MultiaddrCode code, string text, out byte[] value)
    {
        value = [];
        switch (code)
        {
            case MultiaddrCode.Ip4 or MultiaddrCode.Ip6:
                if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != (code == MultiaddrCode.Ip4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6) || text.Contains('%')
                    || (code == MultiaddrCode.Ip4 && address.ToString() != text))
                {
                    // "1.2.3" and "010.0.0.1" mean different things to different parsers.
                    return false;
                }

                value = address.GetAddressBytes();
                return true;
            case MultiaddrCode.Tcp or MultiaddrCode.Udp:
                if (!ushort.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var port))
                {
                    return false;
                }

                value = [(byte)(port >> 8), (byte)port];
                return true;
            case MultiaddrCode.P2P:
                var ok = PeerId.TryParse(text, out var id);
                value = ok ? id!.Bytes.ToArray() : [];
                return ok;
            case MultiaddrCode.Certhash:
                return Multibase.TryDecode(text, out value) && IsValid(code, value);
            default:
                value = System.Text.Encoding.UTF8.GetBytes(code == MultiaddrCode.HttpPath ? Uri.UnescapeDataString(text) : text);
                return value.Length <= MaxValue && IsValid(code, value);
        }
    }

    private static bool IsText(ReadOnlySpan<byte> value) => System.Text.Unicode.Utf8.IsValid(value) && !value.ContainsAnyInRange((byte)0, (byte)31);
}
