using System.Security.Cryptography;

namespace Skein.Gateway.Requests;

/// <summary>Names for requests and answers that no one can guess.</summary>
internal static class RequestId
{
    /// <summary>A prefix and 96 random bits.</summary>
    public static string Create(string prefix) => prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
}
