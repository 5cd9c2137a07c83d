namespace Skein.EndToEnd.Tests.Harness;

/// <summary>One <c>skein demo --serve</c> for the tests that talk to it.</summary>
public sealed class DemoFixture : IAsyncLifetime
{
    internal RunningDemo Demo { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Demo = await RunningDemo.StartAsync();

    public async ValueTask DisposeAsync() => await Demo.DisposeAsync();
}
