using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>What the tests do with a stream again and again.</summary>
internal static class StreamActions
{
    /// <summary>Sends back what comes, to its end.</summary>
    public static async Task EchoAsync(this YamuxStream stream)
    {
        var buffer = new byte[65536];
        while (await stream.ReadAsync(buffer) is var count and > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
        }

        await stream.CloseWriteAsync();
    }

    public static async Task<byte[]> ReadToEndAsync(this YamuxStream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).Within("the stream's end");
        return all.ToArray();
    }

    public static async Task WriteAndCloseAsync(this YamuxStream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes);
        await stream.CloseWriteAsync();
    }
}
