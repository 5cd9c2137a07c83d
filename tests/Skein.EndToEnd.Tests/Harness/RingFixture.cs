namespace Skein.EndToEnd.Tests.Harness;

/// <summary>One undisturbed ring for the tests that only talk to it.</summary>
public sealed class RingFixture : IAsyncLifetime
{
    internal Ring Ring { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Ring = await Ring.StartAsync();

    public async ValueTask DisposeAsync() => await Ring.DisposeAsync();
}
