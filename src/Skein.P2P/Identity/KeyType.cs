namespace Skein.P2P.Identity;

/// <summary>Kinds of keys that libp2p knows. Wire values.</summary>
public enum KeyType
{
    /// <summary>RSA.</summary>
    Rsa = 0,

    /// <summary>Ed25519: the only kind that Skein makes and accepts.</summary>
    Ed25519 = 1,

    /// <summary>ECDSA on secp256k1.</summary>
    Secp256k1 = 2,

    /// <summary>ECDSA on P-256 and its like.</summary>
    Ecdsa = 3,
}
