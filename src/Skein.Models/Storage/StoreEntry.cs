namespace Skein.Models;

/// <summary>A model of a store.</summary>
/// <param name="Name">Its label.</param>
/// <param name="Root">Where it is.</param>
public sealed record StoreEntry(ModelName Name, StoreRoot Root);
