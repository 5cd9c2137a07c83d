using System.Net;
using Skein.Core.Generation;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class HealthTests
{
    [Fact]
    public async Task Health_OfARunningProcess_IsOk()
    {
        await using var gateway = await TestGateway.StartAsync("");

        Assert.Equal("{\"status\":\"ok\"}", await gateway.Http.GetStringAsync("/healthz"));
    }

    [Fact]
    public async Task Readiness_FollowsTheChain_AndSaysWhatIsMissing()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var ready = await TestGateway.JsonAsync(await gateway.Http.GetAsync("/readyz"));
        gateway.Generator.Readiness = new GeneratorReadiness(false, "nobody hosts blocks 10..19");
        var missing = await TestGateway.JsonAsync(await gateway.Http.GetAsync("/readyz"), HttpStatusCode.ServiceUnavailable);

        Assert.Equal("ready", ready.GetProperty("status").GetString());
        Assert.Equal("not_ready", missing.GetProperty("status").GetString());
        Assert.Equal("nobody hosts blocks 10..19", missing.GetProperty("models")[0].GetProperty("reason").GetString());
    }
}
