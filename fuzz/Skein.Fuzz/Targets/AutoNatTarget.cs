using Skein.P2P.AutoNat;

namespace Skein.Fuzz.Targets;

/// <summary>Messages of AutoNAT, both versions.</summary>
[Fuzzes(typeof(AutoNatMessage))]
[Fuzzes(typeof(AutoNatV1Message))]
[Fuzzes(typeof(DialBackMessage))]
public sealed class AutoNatTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "autonat";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (AutoNatMessage.TryRead(data, out var message))
        {
            FuzzCheck.Holds((message.Request?.Addresses.Count ?? 0) <= AutoNatProtocol.MaxAddresses && (message.DataLength ?? 0) <= AutoNatProtocol.MaxDialDataChunk, "lists and data are bounded");
        }

        if (AutoNatV1Message.TryRead(data, out var old))
        {
            FuzzCheck.Holds(old.Addresses.Count <= AutoNatV1Message.MaxAddresses, "no more addresses than the limit");
            FuzzCheck.Holds(old.IsResponse || (AutoNatV1Message.TryRead(old.Write().Written, out var again) && again.Addresses.SequenceEqual(old.Addresses)), "what was read can be written and read again");
        }

        if (DialBackMessage.TryRead(data, out var back))
        {
            FuzzCheck.Holds(DialBackMessage.TryRead(back.Write().Written, out var again) && again == back, "a nonce survives");
        }
    }
}
