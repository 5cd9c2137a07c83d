namespace Skein.Swarm.Codecs;

/// <summary>How the values of hidden rows are written in a frame. Values travel on the wire: never renumber.</summary>
public enum RowFormat : byte
{
    /// <summary>IEEE 754 binary32, little endian: exact, the default.</summary>
    Float32 = 1,

    /// <summary>IEEE 754 binary16, little endian: half the bytes; moves logits, so a reply may differ from the whole model's.</summary>
    Float16 = 2,
}
