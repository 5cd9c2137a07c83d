using Skein.Swarm.Messages;
using Skein.Swarm.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>The ring's messages with numbered fields. The first byte is the type, the rest the body.</summary>
[Fuzzes(typeof(ErrorMessage))]
[Fuzzes(typeof(HeartbeatMessage))]
[Fuzzes(typeof(HelloMessage))]
[Fuzzes(typeof(WelcomeMessage))]
[Fuzzes(typeof(OffersMessage))]
[Fuzzes(typeof(StageOffer))]
[Fuzzes(typeof(OpenMessage))]
[Fuzzes(typeof(AddressFields))]
[Fuzzes(typeof(OpenedMessage))]
[Fuzzes(typeof(RefusedMessage))]
[Fuzzes(typeof(CloseMessage))]
[Fuzzes(typeof(ClosedMessage))]
[Fuzzes(typeof(ProgressMessage))]
public sealed class RingMessageTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "ring-message";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (data.Length is 0 or > WireLimits.MaxBody || Read((WireMessageType)data[0], data[1..]) is not { } message)
        {
            return;
        }

        var written = Write(message);
        var again = Read(message.Type, written);
        FuzzCheck.Holds(again is not null && Write(again).AsSpan().SequenceEqual(written), "what was read can be written and read again");
    }

    private static byte[] Write(IWireMessage message)
    {
        var buffer = new byte[WireLimits.MaxBody];
        var writer = new FieldWriter(buffer);
        message.Write(ref writer);
        return buffer[..writer.Length];
    }

    private static IWireMessage? Read(WireMessageType type, ReadOnlySpan<byte> body) => type switch
    {
        WireMessageType.Error => ErrorMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Heartbeat => HeartbeatMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Hello => HelloMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Welcome => WelcomeMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Offers => OffersMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Open => OpenMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Opened => OpenedMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Refused => RefusedMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Close => CloseMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Closed => ClosedMessage.TryRead(body, out var message) ? message : null,
        WireMessageType.Progress => ProgressMessage.TryRead(body, out var message) ? message : null,
        _ => null,
    };
}
