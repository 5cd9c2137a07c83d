namespace Skein.P2P.AutoNat;

/// <summary>Asks for bytes before an address is dialled from which the asker does not come: an attack by way of the server must not be cheap.</summary>
/// <param name="AddressIndex">Which address will be dialled.</param>
/// <param name="Bytes">How many bytes.</param>
public sealed record DialDataRequest(int AddressIndex, ulong Bytes);
