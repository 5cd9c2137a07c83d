using Skein.Cli.Configuration;
using Skein.P2P.Addressing;

namespace Skein.Cli.Network;

/// <summary>The setting that names nodes of first contact.</summary>
internal static class AnchorList
{
    /// <summary>The setting.</summary>
    public static SettingOption Setting(string use) => new("anchor", $"A node of first contact, {use}: its multiaddr with the peer id, as 'skein anchor' prints it. Once per anchor", "MULTIADDR", Repeats: true);

    /// <summary>Reads the anchors; faults are added to the set.</summary>
    public static IReadOnlyList<Multiaddr> Read(SettingSet set, SettingOption setting)
    {
        var anchors = new List<Multiaddr>();
        foreach (var text in set.Texts(setting))
        {
            if (Multiaddr.TryParse(text, out var address) && address.PeerId is not null)
            {
                anchors.Add(address);
            }
            else
            {
                set.AddFault($"--{setting.Name} takes a multiaddr that names a peer, such as /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo..., not '{text}'.");
            }
        }

        return anchors;
    }
}
