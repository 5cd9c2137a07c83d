using System.Text;

namespace Skein.Core.Errors;

/// <summary>Turns the members of an error enum into stable codes.</summary>
public static class ErrorCodes
{
    /// <summary>Writes <c>KvCacheFull</c> of the area <c>engine</c> as <c>engine.kv_cache_full</c>.</summary>
    public static string From<TError>(string area, TError error)
        where TError : struct, Enum
    {
        var name = error.ToString();
        var code = new StringBuilder(area).Append('.');
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0)
            {
                code.Append('_');
            }

            code.Append(char.ToLowerInvariant(name[i]));
        }

        return code.ToString();
    }
}
