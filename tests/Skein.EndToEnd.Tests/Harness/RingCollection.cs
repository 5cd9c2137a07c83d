namespace Skein.EndToEnd.Tests.Harness;

/// <summary>Tests that share the undisturbed ring.</summary>
[CollectionDefinition(nameof(RingFixture))]
public sealed class RingCollection : ICollectionFixture<RingFixture>;
