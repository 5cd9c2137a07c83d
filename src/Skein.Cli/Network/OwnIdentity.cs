using Skein.Models;
using Skein.P2P.Identity;

namespace Skein.Cli.Network;

/// <summary>This machine's key in the network.</summary>
internal static class OwnIdentity
{
    /// <summary>Where the key lies unless somebody says otherwise.</summary>
    public static string DefaultFile => Path.Combine(Path.GetDirectoryName(SkeinHome.Locate().Models)!, "identity.key");

    /// <summary>Reads the key, or makes it on first use.</summary>
    public static Task<PeerKey> LoadAsync(string? file, CancellationToken cancellationToken) => PeerKeyFile.LoadOrCreateAsync(file ?? DefaultFile, cancellationToken);
}
