using Skein.Gateway.Errors;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Requests;

/// <summary>Reads <c>model</c>.</summary>
internal static class ModelField
{
    // Enough for any name; more would only be sent back in the error.
    private const int MaxLength = 256;

    public static ServedModel Read(RequestFields fields, ServedModels models)
    {
        var name = fields.RequiredText("model");
        return name.Length > MaxLength
            ? throw ApiException.WrongValue("model", $"expected at most {MaxLength} characters.")
            : models.TryGet(name, out var model) ? model : throw ApiException.ModelNotFound(name);
    }
}
