namespace Skein.Lab.Router;

/// <summary>How well the router kept time; a measurement taken while it did not is worth nothing.</summary>
/// <param name="Packets">Packets handed on.</param>
/// <param name="CpuTime">Processor time of the router's thread.</param>
/// <param name="MeanLateness">How long after its time a packet came out, on average.</param>
/// <param name="WorstLateness">The same, at worst.</param>
/// <param name="LatePackets">Packets that came out more than a millisecond late.</param>
/// <param name="Unroutable">Packets to addresses that nobody has.</param>
/// <param name="Refused">Packets that a host's kernel did not take.</param>
public sealed record RouterLoad(
    long Packets,
    TimeSpan CpuTime,
    TimeSpan MeanLateness,
    TimeSpan WorstLateness,
    long LatePackets,
    long Unroutable,
    long Refused);
