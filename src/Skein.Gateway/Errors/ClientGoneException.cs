namespace Skein.Gateway.Errors;

/// <summary>Nobody receives the answer any more: the client left, or was cut off because it did not read.</summary>
internal sealed class ClientGoneException(string message, Exception? inner = null) : Exception(message, inner);
