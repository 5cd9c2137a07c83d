using Skein.P2P.Errors;
using Skein.P2P.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>Messages behind their lengths, one after another, as on every stream of the network.</summary>
[Fuzzes(typeof(DelimitedMessages))]
public sealed class DelimitedMessageTarget : IFuzzTarget
{
    private const int MaxLength = 4096;

    /// <inheritdoc/>
    public string Name => "delimited-message";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        var script = data.ToArray();
        var stream = new ScriptedStream(script);
        try
        {
            for (var at = 0; FuzzCheck.CompletesAtOnce(DelimitedMessages.ReadAsync(stream, MaxLength, CancellationToken.None)) is { } message; at = stream.Consumed)
            {
                FuzzCheck.Holds(message.Length <= MaxLength, "no message is over the limit");
                FuzzCheck.Holds(stream.Consumed == at + Uvarint.LengthOf((ulong)message.Length) + message.Length, "one message is read, and not a byte more");
                FuzzCheck.Holds(script.AsSpan(0, stream.Consumed).EndsWith(message), "a message is what stands in the stream");
            }

            FuzzCheck.Holds(stream.Consumed == script.Length, "reading ends where the stream does");
        }
        catch (P2PException)
        {
            // A length that is none, over the limit, or of more than there is.
        }
    }
}
