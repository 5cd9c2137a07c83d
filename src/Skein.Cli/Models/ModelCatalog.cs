using Skein.Models;

namespace Skein.Cli.Models;

/// <summary>The models of this machine, as the program finds them.</summary>
internal static class ModelCatalog
{
    /// <summary>Finds models.</summary>
    public static ModelResolver Resolver { get; } = new(SkeinHome.Locate(), TimeProvider.System);

    /// <summary>Finds a model, with a progress bar when a file is hashed for the first time.</summary>
    public static Task<ModelHandle> ResolveAsync(string nameOrPath, CancellationToken cancellationToken) => Resolver.ResolveAsync(nameOrPath, cancellationToken);
}
