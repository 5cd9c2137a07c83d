using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>A model that was found: what it is, and how to get stages of it. Thread-safe.</summary>
public sealed class ModelHandle
{
    private const string ChatTemplateKey = "tokenizer.chat_template";

    private readonly StageAssembler _assembler;
    private readonly ModelShape _shape;

    /// <summary>Makes a handle.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="source">Where its bytes are.</param>
    /// <param name="assembler">Makes its stages.</param>
    /// <exception cref="ModelException"><see cref="ModelError.UnsupportedModel"/>: it is no language model.</exception>
    public ModelHandle(string name, IModelSource source, StageAssembler assembler)
    {
        Name = name;
        Source = source;
        _assembler = assembler;
        _shape = ModelShape.Read(source.Architecture);
    }

    /// <summary>What people call it: its name in the store, or its file's name without ending.</summary>
    public string Name { get; }

    /// <summary>Where its bytes are.</summary>
    public IModelSource Source { get; }

    /// <summary>What it is, tensor by tensor.</summary>
    public ModelManifest Manifest => Source.Manifest;

    /// <summary>Its identity.</summary>
    public Sha256Digest Digest => Manifest.Digest;

    /// <summary>Metadata that changes arithmetic, without the tokenizer's.</summary>
    public GgufMetadata Metadata => Source.Architecture;

    /// <summary>What the file said about itself: name, author, licence. Not to be trusted.</summary>
    public IReadOnlyDictionary<string, string> About => Source.About;

    /// <summary>Value of <c>general.architecture</c>.</summary>
    public string Architecture => _shape.Architecture;

    /// <summary>Transformer blocks.</summary>
    public int BlockCount => _shape.BlockCount;

    /// <summary>Values of a hidden row.</summary>
    public int Width => _shape.Width;

    /// <summary>Tokens that the model was trained for.</summary>
    public int ContextLength => _shape.ContextLength;

    /// <summary>Every block.</summary>
    public BlockSpan AllBlocks => new(0, BlockCount);

    /// <summary>Checks that the model can be cut into spans.</summary>
    /// <exception cref="ModelException">It cannot; the message says why.</exception>
    public void RequireSupport() => ModelFamilies.Get(Metadata);

    /// <summary>Vocabulary and chat template, as metadata.</summary>
    /// <exception cref="ModelException">Bytes are missing or wrong.</exception>
    public ValueTask<GgufMetadata> ReadTokenizerAsync(CancellationToken cancellationToken) => Source.ReadTokenizerAsync(cancellationToken);

    /// <summary>The model's own chat template (Jinja), or null.</summary>
    /// <exception cref="ModelException">Bytes are missing or wrong.</exception>
    public async ValueTask<string?> ReadChatTemplateAsync(CancellationToken cancellationToken)
        => (await ReadTokenizerAsync(cancellationToken)).TryGetString(ChatTemplateKey, out var template) ? template : null;

    /// <inheritdoc cref="StageAssembler.AssembleStageAsync"/>
    public Task<StageFiles> AssembleStageAsync(BlockSpan span, CancellationToken cancellationToken, IProgress<TransferProgress>? progress = null)
        => _assembler.AssembleStageAsync(Source, span, progress, cancellationToken);

    /// <inheritdoc cref="StageAssembler.AssembleEdgeAsync"/>
    public Task<EdgeFiles> AssembleEdgeAsync(CancellationToken cancellationToken, IProgress<TransferProgress>? progress = null)
        => _assembler.AssembleEdgeAsync(Source, progress, cancellationToken);

    /// <summary>Path of one GGUF of the whole model: the file itself, or one made from the store.</summary>
    /// <exception cref="ModelException">Bytes are missing or wrong, or the disk refused.</exception>
    public Task<string> AssembleWholeAsync(CancellationToken cancellationToken, IProgress<TransferProgress>? progress = null)
        => Source is GgufModelSource file ? Task.FromResult(file.Path) : _assembler.AssembleWholeAsync(Source, progress, cancellationToken);
}
