using Skein.Gguf;

namespace Skein.Models;

/// <summary>Reads tensors out of pieces; holds one file open, as a large model has more files than a process may open.</summary>
internal sealed class PieceReader : ITensorReader
{
    private readonly ModelStore _store;
    private readonly Dictionary<string, TensorLocation> _locations = new(StringComparer.Ordinal);
    private PiecePart? _part;
    private FileRangeSource? _file;

    public PieceReader(ModelStore store, IReadOnlyList<ModelPiece> pieces)
    {
        _store = store;
        foreach (var piece in pieces)
        {
            var source = new PieceSource(piece, this);
            var offset = 0L;
            foreach (var tensor in piece.Tensors)
            {
                _locations.Add(tensor.Descriptor.Name, new TensorLocation(source, offset));
                offset += tensor.Descriptor.ByteLength;
            }
        }
    }

    public TensorLocation Locate(string name)
        => _locations.TryGetValue(name, out var location) ? location : throw new ModelException(ModelError.MissingPiece, $"The model has no tensor {name}.");

    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
        {
            await _file.DisposeAsync();
            _file = null;
        }
    }

    private async ValueTask<FileRangeSource> OpenAsync(PiecePart part)
    {
        if (_file is not null && _part == part)
        {
            return _file;
        }

        await DisposeAsync();
        _file = GgufModelSource.Open(_store.PathOf(part));
        _part = part;
        return _file;
    }

    /// <summary>A piece as one run of bytes, whatever files it is in.</summary>
    private sealed class PieceSource(ModelPiece piece, PieceReader reader) : IRangeSource
    {
        public string Name => $"piece {piece.Key} ({string.Join(", ", piece.Parts.Select(part => part.Sha256))})";

        public long Length { get; } = piece.Length;

        public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - destination.Length);
            while (!destination.IsEmpty)
            {
                // All parts but the last have the same length, so the offset tells the part.
                var part = piece.Parts[(int)(offset / PieceLayout.MaxPartBytes)];
                var within = offset % PieceLayout.MaxPartBytes;
                var count = (int)Math.Min(destination.Length, part.Length - within);
                var file = await reader.OpenAsync(part);
                await file.ReadAsync(within, destination[..count], cancellationToken);
                destination = destination[count..];
                offset += count;
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
