using System.Net;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Tests.Hosts;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Reachability;

/// <summary>A home router that runs miniupnpd, as many do, opens a port in each of the ways in which it may be asked.</summary>
[Collection("Laboratory")]
public sealed class RouterPortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("pcp")]
    [InlineData("nat-pmp")]
    [InlineData("upnp")]
    public async Task Port_AskedFor_LeadsHomeUntilItIsGivenBack(string method)
    {
        TestLab.Require();
        Assert.SkipWhen(LabRequirements.MissingForPorts() is { Count: > 0 }, $"The test needs {string.Join("; ", LabRequirements.MissingForPorts())}.");
        await using var test = await TestLab.CreateAsync(new LabTopology
        {
            Hosts = [new LabHostSettings { Name = "anna", Nat = NatKind.PortRestricted, OpensPorts = true }, new LabHostSettings { Name = "stranger" }],
            DefaultLink = LinkSettings.Of(TimeSpan.FromMilliseconds(20), BitRate.Unlimited),
            Network = IPAddress.Parse("11.22.33.0"),
        });
        var anna = test.Lab.Host("anna").Start(Environment.ProcessPath!, ["port", method]);
        var words = (await anna.WaitForLineAsync("mapped ", Patience, TestLab.Cancelled)).Split(' ');

        Assert.True(IPEndPoint.TryParse(words[1], out var external), string.Join(' ', words));
        Assert.Equal(new IPEndPoint(test.Lab.Host("anna").PublicAddress, PortAgent.Port + 1), external);
        Assert.Equal("1200", words[2]);
        Assert.Equal("connected", await test.On("stranger").DialAsync(0, external, TimeSpan.FromSeconds(10), TestLab.Cancelled));

        await anna.WriteLineAsync("back", TestLab.Cancelled);
        await anna.WaitForLineAsync("given back", Patience, TestLab.Cancelled);
        Assert.Equal("TimedOut", await test.On("stranger").DialAsync(0, external, TimeSpan.FromSeconds(2.5), TestLab.Cancelled));
    }
}
