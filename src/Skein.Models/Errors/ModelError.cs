namespace Skein.Models;

/// <summary>What is wrong with a model, or with what is asked of the store. Values are stable.</summary>
public enum ModelError
{
    /// <summary>Neither a name in the store nor a file.</summary>
    UnknownModel = 0,

    /// <summary>A name that the store does not take.</summary>
    BadName = 1,

    /// <summary>The name belongs to another model.</summary>
    NameTaken = 2,

    /// <summary>No rules are known for the architecture, or it cannot be cut into spans.</summary>
    UnsupportedArchitecture = 3,

    /// <summary>The architecture is known, but this model of it is one that cannot be cut rightly.</summary>
    UnsupportedModel = 4,

    /// <summary>A span that the model does not have, or that may not be cut there.</summary>
    BadSpan = 5,

    /// <summary>A manifest that is malformed, beyond the limits, or contradicts itself.</summary>
    BadManifest = 6,

    /// <summary>A piece that the manifest names is not in the store.</summary>
    MissingPiece = 7,

    /// <summary>A piece's bytes are not those that the manifest names.</summary>
    CorruptPiece = 8,

    /// <summary>The store is read-only, or the disk refused.</summary>
    StorageFailed = 9,

    /// <summary>Somebody else is changing the store.</summary>
    StoreBusy = 10,
}
