using Skein.Swarm.Stages;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Fakes;

/// <summary>One node of a <see cref="TestRing"/>.</summary>
public sealed record TestNode(FakeStage Stage, IRingTransport Transport, StageService Service, PeerAddress Address) : IAsyncDisposable
{
    /// <summary>What the operating system does for a killed process: every stream breaks, nobody is told.</summary>
    public async Task KillAsync()
    {
        if (Transport is InMemoryRingTransport memory)
        {
            memory.Kill();
        }

        await Transport.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        await Service.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Transport.DisposeAsync();
    }
}
