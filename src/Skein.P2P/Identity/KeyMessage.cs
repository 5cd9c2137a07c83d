using Skein.P2P.Wire;

namespace Skein.P2P.Identity;

/// <summary>The protobuf message that carries a key, public or private: <c>{Type = 1, Data = 2}</c>.</summary>
internal static class KeyMessage
{
    /// <summary>Reads the data of an Ed25519 key.</summary>
    /// <param name="encoded">The message.</param>
    /// <param name="data">Part of the message.</param>
    /// <returns>False if the message is malformed or the key of another kind.</returns>
    public static bool TryReadEd25519(ReadOnlySpan<byte> encoded, out ReadOnlySpan<byte> data)
    {
        var reader = new ProtoReader(encoded);
        ulong? type = null;
        data = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.ReadVarint();
                    break;
                case 2:
                    data = reader.ReadBytes(PublicKey.MaxEncoded);
                    break;
            }
        }

        return !reader.Malformed && type == (ulong)KeyType.Ed25519;
    }
}
