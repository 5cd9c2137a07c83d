namespace Skein.Models.Evaluation;

/// <summary>What <see cref="ParityRunner"/> found.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Blocks">Its blocks.</param>
/// <param name="Cuts">Where it was cut.</param>
/// <param name="EngineClass">Engine build, CPU variant and KV type.</param>
/// <param name="PromptTokens">Positions computed in one prefill.</param>
/// <param name="DecodeSteps">Positions computed one at a time after it.</param>
/// <param name="Codecs">Whole model against chain.</param>
/// <param name="Widths">Chain against chain, by rows a step.</param>
/// <param name="Sequences">Chain against chain, by sequences a batch.</param>
public sealed record ParityReport(
    string Model,
    int Blocks,
    IReadOnlyList<int> Cuts,
    string EngineClass,
    int PromptTokens,
    int DecodeSteps,
    IReadOnlyList<CodecParity> Codecs,
    IReadOnlyList<WidthParity> Widths,
    IReadOnlyList<SequenceParity> Sequences);
