namespace Skein.Gguf;

/// <summary>Bytes of known length that can be read at any offset: a file, memory, HTTP ranges, a peer.</summary>
/// <remarks>Reads may overlap: implementations are thread-safe.</remarks>
public interface IRangeSource : IAsyncDisposable
{
    /// <summary>What messages call it: a path or an address.</summary>
    string Name { get; }

    /// <summary>Total bytes.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="destination"/> exactly, or throws.</summary>
    /// <param name="offset">From the start of the source, in bytes.</param>
    /// <param name="destination">Where the bytes go; undefined if the call throws.</param>
    /// <param name="cancellationToken">Safe: the source stays usable.</param>
    /// <exception cref="GgufException"><see cref="GgufError.Truncated"/>: the range passes the end.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);
}
