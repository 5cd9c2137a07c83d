namespace Skein.Engine.Kv;

/// <summary>A page in the list of a sequence.</summary>
/// <param name="Page">The page.</param>
/// <param name="First">First position that the sequence keeps there; it goes on to the next entry's.</param>
internal readonly record struct KvEntry(KvPage Page, int First);
