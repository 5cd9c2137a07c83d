namespace Skein.Models.Evaluation;

/// <summary>What <see cref="EngineBench"/> found.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Cuts">Where it was cut.</param>
/// <param name="EngineClass">Engine build, CPU variant and KV type.</param>
/// <param name="Threads">Threads of a computation.</param>
/// <param name="Runs">Runs of each.</param>
/// <param name="Tokens">Tokens a run.</param>
/// <param name="WholeTokensPerSecond">Median of the whole model.</param>
/// <param name="ChainTokensPerSecond">Median of the chain in one process.</param>
/// <param name="Ratio">Chain over whole.</param>
/// <param name="PerStepOverheadUs">What a token costs more in the chain than in the whole model, in microseconds.</param>
/// <param name="HandoverUs">Of it, what handing rows to a stage and back costs beside computing, a stage.</param>
public sealed record EngineBenchReport(
    string Model,
    IReadOnlyList<int> Cuts,
    string EngineClass,
    int Threads,
    int Runs,
    int Tokens,
    double WholeTokensPerSecond,
    double ChainTokensPerSecond,
    double Ratio,
    double PerStepOverheadUs,
    double HandoverUs);
