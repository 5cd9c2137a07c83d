using Skein.Engine.Library;
using Skein.Engine.Native;

namespace Skein.Engine.Tests.Library;

public sealed class LayoutGuardTests
{
    [Fact]
    public void Load_OfThePackagedLibraries_IsThePinnedBuild()
    {
        var library = EngineLibrary.Load();

        Assert.Equal(LayoutGuard.PinnedCommit, library.Commit);
        Assert.Equal(LayoutGuard.PinnedVersion, library.Version);
        Assert.Contains(library.Variant, library.EngineClass, StringComparison.Ordinal);
        Assert.Same(library, EngineLibrary.Load());
    }

    [Fact]
    public void Faults_OfTheLoadedDefaults_AreNone()
    {
        EngineLibrary.Load();

        Assert.Empty(LayoutGuard.Faults(Llama.ModelDefaultParams()));
        Assert.Empty(LayoutGuard.Faults(Llama.ContextDefaultParams()));
    }

    [Fact]
    public void Faults_OfAFieldInserted_NameWhatMoved()
    {
        EngineLibrary.Load();

        // As if a later build had put a field before n_threads.
        var shifted = Llama.ContextDefaultParams();
        (shifted.Threads, shifted.ContextType) = (0, shifted.Threads);

        Assert.Equal(["context.n_threads is 0 instead of 4", "context.ctx_type is 4 instead of 0"], LayoutGuard.Faults(shifted));

        var model = Llama.ModelDefaultParams();
        model.LoadMode = -1;
        Assert.Equal(["model.load_mode is -1 instead of 1"], LayoutGuard.Faults(model));
    }
}
