using System.Text;
using Skein.Core.Identity;
using Skein.P2P.Wire;

namespace Skein.Swarm.Discovery;

/// <summary>Where the network looks for those who host a model.</summary>
public static class ModelDirectory
{
    /// <summary>The DHT key under which hosts of a model are providers: the sha2-256 multihash of <c>/skein/model/&lt;digest&gt;</c>.</summary>
    public static byte[] KeyOf(Sha256Digest model) => Multihash.OfSha256(Encoding.UTF8.GetBytes($"/skein/model/{model}"));
}
