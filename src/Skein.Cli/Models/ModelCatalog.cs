using Skein.Cli.Output;
using Skein.Models;

namespace Skein.Cli.Models;

/// <summary>The models of this machine, as the program finds them.</summary>
internal static class ModelCatalog
{
    /// <summary>Finds models.</summary>
    public static ModelResolver Resolver { get; } = new(SkeinHome.Locate(), TimeProvider.System);

    /// <summary>The user's store and, behind it, what came with the program.</summary>
    public static ModelStore Store => Resolver.Store;

    /// <summary>Finds a model, with a progress bar when a file is hashed for the first time.</summary>
    public static Task<ModelHandle> ResolveAsync(string nameOrPath, CancellationToken cancellationToken)
        => Work.WithBytesAsync("reading", progress => Resolver.ResolveAsync(nameOrPath, cancellationToken, progress));
}
