namespace Skein.Lab.Tests.Hosts;

/// <summary>Laboratories measure milliseconds: one after the other, and nothing else beside them.</summary>
[CollectionDefinition("Laboratory", DisableParallelization = true)]
public sealed class LaboratoryCollection;
