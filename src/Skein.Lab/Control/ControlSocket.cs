using System.Net.Sockets;
using System.Text;
using Skein.Lab.Hosts;

namespace Skein.Lab.Control;

/// <summary>Where a running laboratory listens for commands: one line of JSON each way. Only root may write to it.</summary>
internal static class ControlSocket
{
    private const string Folder = "/run";
    private const string Ending = ".sock";

    /// <summary>A longer line is no command; the status of the largest laboratory is far shorter than this.</summary>
    private const int LongestLine = 4 << 20;

    /// <summary>Path of a laboratory's socket.</summary>
    public static string PathOf(string laboratory) => Path.Combine(Folder, laboratory + Ending);

    /// <summary>Takes away the sockets of laboratories whose process is gone.</summary>
    public static void SweepUp()
    {
        foreach (var path in Directory.EnumerateFiles(Folder, "skeinlab.*" + Ending))
        {
            // The name of a laboratory with an empty host.
            if (NamespaceName.TryParse(Path.GetFileName(path)[..^Ending.Length] + ".", out var name) && !name.OwnerLives)
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>Sends one line.</summary>
    public static async Task WriteLineAsync(Socket socket, string line, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(line + "\n");
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
        }
    }

    /// <summary>Receives one line, the only one of its direction.</summary>
    /// <exception cref="InvalidDataException">It is too long, or ends without a line end.</exception>
    public static async Task<byte[]> ReadLineAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var line = new MemoryStream();
        var buffer = new byte[16 * 1_024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            var end = buffer.AsSpan(0, count).IndexOf((byte)'\n');
            line.Write(buffer, 0, end < 0 ? count : end);
            if (end >= 0)
            {
                return line.ToArray();
            }

            if (line.Length > LongestLine)
            {
                throw new InvalidDataException($"The line is longer than {LongestLine} bytes.");
            }
        }

        throw new InvalidDataException("The line has no end.");
    }
}
