using Skein.Gateway.Serving;

namespace Skein.Gateway.Health;

/// <summary>Whether a model can answer at this moment.</summary>
/// <param name="Id">The model.</param>
/// <param name="Ready">Whether a complete chain of stages is known to be alive.</param>
/// <param name="Reason">What is missing: which blocks nobody hosts.</param>
public sealed record ModelReadiness(string Id, bool Ready, string? Reason = null)
{
    internal static ModelReadiness Of(ServedModel model)
    {
        var readiness = model.Generator.Readiness;
        return new ModelReadiness(model.Name, readiness.IsReady, readiness.Reason);
    }
}
