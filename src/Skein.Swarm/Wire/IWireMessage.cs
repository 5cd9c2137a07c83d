namespace Skein.Swarm.Wire;

/// <summary>A message with numbered fields.</summary>
internal interface IWireMessage
{
    /// <summary>Its type on the wire.</summary>
    WireMessageType Type { get; }

    /// <summary>Writes its body.</summary>
    void Write(ref FieldWriter writer);
}
