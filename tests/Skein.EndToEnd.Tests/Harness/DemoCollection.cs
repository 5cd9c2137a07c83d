namespace Skein.EndToEnd.Tests.Harness;

/// <summary>Tests that share one demonstration.</summary>
[CollectionDefinition(nameof(DemoFixture))]
public sealed class DemoCollection : ICollectionFixture<DemoFixture>;
