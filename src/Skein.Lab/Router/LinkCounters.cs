namespace Skein.Lab.Router;

/// <summary>What happened to the packets from one host to another.</summary>
/// <param name="From">Who sent them.</param>
/// <param name="To">Whom to.</param>
/// <param name="SentPackets">Packets sent.</param>
/// <param name="SentBytes">Their bytes, IP headers included.</param>
/// <param name="DeliveredPackets">Packets that arrived.</param>
/// <param name="DeliveredBytes">Their bytes, IP headers included.</param>
/// <param name="LostByChance">Packets lost as the link's settings ask.</param>
/// <param name="LostInQueue">Packets that found a queue full: of the uplink, the link or the downlink.</param>
/// <param name="LostByCut">Packets sent, or on the way, while the link was cut.</param>
public sealed record LinkCounters(
    string From,
    string To,
    long SentPackets,
    long SentBytes,
    long DeliveredPackets,
    long DeliveredBytes,
    long LostByChance,
    long LostInQueue,
    long LostByCut);
