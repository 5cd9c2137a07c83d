namespace Skein.Swarm.Wire;

/// <summary>Flags of a frame. Values travel on the wire: never renumber. Unknown flags are passed on and ignored.</summary>
[Flags]
public enum FrameFlags : byte
{
    /// <summary>A decode or verify frame that wants every row back.</summary>
    None = 0,

    /// <summary>A chunk of a prompt: stages run it after decode frames.</summary>
    Prefill = 1,

    /// <summary>The tail sends only the last row back: the others are of no use to the coordinator.</summary>
    LastRowOnly = 2,
}
