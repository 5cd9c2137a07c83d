namespace Skein.Engine.Text;

/// <summary>Why a JSON schema cannot hold a reply.</summary>
public enum JsonSchemaError
{
    /// <summary>It is not a schema: a keyword has a value of the wrong kind, a reference leads nowhere or in circles, or nothing could satisfy it.</summary>
    Malformed = 0,

    /// <summary>It has a keyword that a grammar cannot keep, and that changes what is valid.</summary>
    Unsupported = 1,

    /// <summary>It nests too deep, or its grammar would be too long.</summary>
    TooLarge = 2,
}
