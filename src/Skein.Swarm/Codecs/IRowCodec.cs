using System.Diagnostics.CodeAnalysis;
using Skein.Core.Hidden;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Codecs;

/// <summary>Writes hidden rows as bytes and reads them back. Stateless, thread-safe.</summary>
internal interface IRowCodec
{
    /// <summary>The format's number on the wire.</summary>
    RowFormat Format { get; }

    /// <summary>Bytes of one row of <paramref name="width"/> values.</summary>
    int RowBytes(int width);

    /// <summary>Writes rows.</summary>
    /// <param name="values">Row-major float32, any number of whole rows.</param>
    /// <param name="destination">Exactly as many bytes as the rows need.</param>
    /// <exception cref="SwarmException"><see cref="SwarmError.NotFinite"/>: a value is NaN or infinite, or larger than the format can carry.</exception>
    void Encode(ReadOnlySpan<float> values, Span<byte> destination);

    /// <summary>Reads rows.</summary>
    /// <param name="source">Exactly the bytes of the rows.</param>
    /// <param name="rows">How many.</param>
    /// <param name="width">Values per row.</param>
    /// <param name="decoded">The rows; the caller disposes them.</param>
    /// <returns>False when the length does not fit or a value is NaN or infinite.</returns>
    bool TryDecode(ReadOnlySpan<byte> source, int rows, int width, [NotNullWhen(true)] out HiddenRows? decoded);
}
