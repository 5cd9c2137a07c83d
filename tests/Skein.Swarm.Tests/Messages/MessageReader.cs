using Skein.Swarm.Messages;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Messages;

/// <summary>Reads a body as whatever type it has.</summary>
internal static class MessageReader
{
    public static IWireMessage? Read(WireMessageType type, ReadOnlySpan<byte> body)
    {
        IWireMessage? message = null;
        switch (type)
        {
            case WireMessageType.Error:
                message = ErrorMessage.TryRead(body, out var error) ? error : null;
                break;
            case WireMessageType.Heartbeat:
                message = HeartbeatMessage.TryRead(body, out var heartbeat) ? heartbeat : null;
                break;
            case WireMessageType.Hello:
                message = HelloMessage.TryRead(body, out var hello) ? hello : null;
                break;
            case WireMessageType.Welcome:
                message = WelcomeMessage.TryRead(body, out var welcome) ? welcome : null;
                break;
            case WireMessageType.Offers:
                message = OffersMessage.TryRead(body, out var offers) ? offers : null;
                break;
            case WireMessageType.Open:
                message = OpenMessage.TryRead(body, out var open) ? open : null;
                break;
            case WireMessageType.Opened:
                message = OpenedMessage.TryRead(body, out var opened) ? opened : null;
                break;
            case WireMessageType.Refused:
                message = RefusedMessage.TryRead(body, out var refused) ? refused : null;
                break;
            case WireMessageType.Close:
                message = CloseMessage.TryRead(body, out var close) ? close : null;
                break;
            case WireMessageType.Closed:
                message = ClosedMessage.TryRead(body, out var closed) ? closed : null;
                break;
            case WireMessageType.Progress:
                message = ProgressMessage.TryRead(body, out var progress) ? progress : null;
                break;
        }

        return message;
    }
}
