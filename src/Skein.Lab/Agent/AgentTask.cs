namespace Skein.Lab.Agent;

/// <summary>What an agent can do.</summary>
internal enum AgentTask
{
    /// <summary>Serve the other agents on a port.</summary>
    Serve = 1,

    /// <summary>Measure round trips to a serving agent.</summary>
    RoundTrips = 2,

    /// <summary>Measure how fast bytes reach a serving agent.</summary>
    Rate = 3,

    /// <summary>Send datagrams to a serving agent and learn how many arrived.</summary>
    Datagrams = 4,

    /// <summary>Ask a serving agent which address a connection from here has.</summary>
    Observe = 5,

    /// <summary>Call a host from a port of one's own, which the other side may do at the same time.</summary>
    Dial = 6,
}
