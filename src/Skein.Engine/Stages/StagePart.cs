using Skein.Core.Identity;
using Skein.Engine.Errors;
using Skein.Engine.Loading;

namespace Skein.Engine.Stages;

/// <summary>One file of a stage, loaded. One thread at a time.</summary>
internal sealed class StagePart : IDisposable
{
    private readonly bool _ownsModel;

    private StagePart(NativeModel model, NativeContext context, bool ownsModel)
    {
        Model = model;
        Context = context;
        _ownsModel = ownsModel;
    }

    /// <summary>The weights.</summary>
    public NativeModel Model { get; }

    /// <summary>KV and batch.</summary>
    public NativeContext Context { get; }

    /// <summary>Loads a file.</summary>
    /// <param name="path">The GGUF of a middle stage.</param>
    /// <param name="shape">How the context is made; its KV type is taken if <paramref name="kvType"/> is given, else the model's default.</param>
    /// <param name="kvType">Asked for by the operator, or null.</param>
    /// <param name="captures">Whether batches give the rows after the last block; else they give logits.</param>
    /// <exception cref="EngineException">The file is missing or llama.cpp refuses it.</exception>
    public static StagePart Load(string path, ContextShape shape, KvCacheType? kvType, bool captures)
    {
        var model = NativeModel.Load(path, vocabularyOnly: false);
        try
        {
            return new StagePart(model, new NativeContext(model, shape with { KvType = kvType ?? model.DefaultKvType() }, Capture(model, captures)), ownsModel: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Another context on the model of a part, which must outlive it.</summary>
    /// <exception cref="EngineException">llama.cpp refuses.</exception>
    public static StagePart Share(StagePart other, ContextShape shape, bool captures)
        => new(other.Model, new NativeContext(other.Model, shape, Capture(other.Model, captures)), ownsModel: false);

    /// <summary>Loads all files of a stage and checks that they are the span.</summary>
    /// <exception cref="EngineException">A file is missing, refused, or not of this span.</exception>
    public static StagePart[] LoadAll(StageSource source, ContextShape shape, KvCacheType? kvType)
    {
        var parts = new List<StagePart>(source.Parts.Count);
        try
        {
            foreach (var path in source.Parts)
            {
                parts.Add(Load(path, shape, kvType, captures: true));
            }

            Check(source.Span, parts);
            return [.. parts];
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Context.Dispose();
        if (_ownsModel)
        {
            Model.Dispose();
        }
    }

    private static string? Capture(NativeModel model, bool captures) => captures ? $"l_out-{model.BlockCount - 1}" : null;

    private static void Check(BlockSpan span, List<StagePart> parts)
    {
        var blocks = parts.Sum(part => part.Model.BlockCount);
        if (blocks != span.Count)
        {
            throw new EngineException(EngineError.WrongModel, $"The files of the stage hold {blocks} blocks, but the span {span} has {span.Count}; assemble the stage again.");
        }

        if (parts.Any(part => part.Model.Width != parts[0].Model.Width))
        {
            throw new EngineException(EngineError.WrongModel, $"The files of the stage for {span} have different widths; assemble the stage again.");
        }
    }
}
