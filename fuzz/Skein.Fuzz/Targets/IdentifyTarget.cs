using Skein.P2P.Errors;
using Skein.P2P.Identify;

namespace Skein.Fuzz.Targets;

/// <summary>What peers say about themselves.</summary>
[Fuzzes(typeof(IdentifyMessage))]
[Fuzzes(typeof(IdentifyProtocol))]
public sealed class IdentifyTarget : IFuzzTarget
{
    public string Name => "identify";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (IdentifyMessage.TryRead(data, out var message))
        {
            FuzzCheck.Holds((message.ListenAddresses?.Count ?? 0) <= IdentifyMessage.MaxAddresses && (message.Protocols?.Count ?? 0) <= IdentifyMessage.MaxProtocols, "lists are bounded");
            FuzzCheck.Holds(IdentifyMessage.TryRead(message.Write().Written, out var again) && (again.Protocols ?? []).SequenceEqual(message.Protocols ?? []), "a message survives a second writing");
            FuzzCheck.Holds(message.Merge(message).ListenAddresses is not { Count: > IdentifyMessage.MaxAddresses }, "merging is bounded");
        }

        try
        {
            var whole = FuzzCheck.CompletesAtOnce(new ValueTask<IdentifyMessage>(IdentifyProtocol.ReadAsync(new ScriptedStream(data.ToArray()), CancellationToken.None)));
            FuzzCheck.Holds(whole is { ListenAddresses: not { Count: > IdentifyMessage.MaxAddresses }, Protocols: not { Count: > IdentifyMessage.MaxProtocols } }, "what several messages say is bounded");
        }
        catch (P2PException)
        {
            // No stream of messages.
        }
    }
}
