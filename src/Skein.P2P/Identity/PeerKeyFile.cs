using System.Security.Cryptography;
using Skein.P2P.Errors;

namespace Skein.P2P.Identity;

/// <summary>A peer's key on disk: the protobuf <c>PrivateKey</c>, readable by its owner alone.</summary>
public static class PeerKeyFile
{
    private const int MaxBytes = 4096;

    /// <summary>Reads the key, or makes a new one where the file is missing.</summary>
    /// <param name="path">The file; its folder is made if need be.</param>
    /// <param name="cancellationToken">Safe: the file is whole or not there.</param>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>: the file holds no Ed25519 key. It is left as it is.</exception>
    public static async Task<PeerKey> LoadOrCreateAsync(string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            return await LoadAsync(path, cancellationToken);
        }

        var key = PeerKey.Generate();
        var encoded = key.Export();
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using (var file = new FileStream(temporary, options))
            {
                await file.WriteAsync(encoded, cancellationToken);
            }

            try
            {
                File.Move(temporary, path, overwrite: false);
                return key;
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another process was first: its key is the peer's.
                File.Delete(temporary);
                key.Dispose();
                return await LoadAsync(path, cancellationToken);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encoded);
        }
    }

    private static async Task<PeerKey> LoadAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        if (file.Length <= MaxBytes)
        {
            var encoded = new byte[file.Length];
            await file.ReadExactlyAsync(encoded, cancellationToken);
            var ok = PeerKey.TryRead(encoded, out var key);
            CryptographicOperations.ZeroMemory(encoded);
            if (ok)
            {
                return key!;
            }
        }

        throw new P2PException(P2PError.Malformed, $"{path} holds no Ed25519 peer key. Move it away to let a new one be made; the peer's id changes with it.");
    }
}
