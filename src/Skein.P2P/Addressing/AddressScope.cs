namespace Skein.P2P.Addressing;

/// <summary>Where addresses may lead, by whose word they are. Dialling our own home at the word of somebody far away would make us his tool.</summary>
public enum AddressScope
{
    /// <summary>To public places: the word of a peer far away, and hearsay. A name may stand for nothing private either.</summary>
    Public,

    /// <summary>To public places, and by plain TCP to private IP addresses: the word of a peer that seems to share our home's public address. Names as above.</summary>
    Home,

    /// <summary>Anywhere: the operator's word, and that of a peer on this machine or this network.</summary>
    Anywhere,
}
