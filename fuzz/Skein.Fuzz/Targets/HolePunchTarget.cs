using Skein.P2P.HolePunching;

namespace Skein.Fuzz.Targets;

/// <summary>Messages of hole punching.</summary>
[Fuzzes(typeof(HolePunchMessage))]
public sealed class HolePunchTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "hole-punch";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (HolePunchMessage.TryRead(data, out var message))
        {
            FuzzCheck.Holds(message.Addresses.Count <= HolePunchMessage.MaxAddresses, "no more addresses than the limit");
            FuzzCheck.Holds(HolePunchMessage.TryRead(message.Write().Written, out var again) && again.Type == message.Type && again.Addresses.SequenceEqual(message.Addresses), "what was read can be written and read again");
        }
    }
}
