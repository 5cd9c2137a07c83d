namespace Skein.Lab.Agent;

/// <summary>One line of an agent's input: what it is to do.</summary>
/// <param name="Id">Number that the reply carries.</param>
/// <param name="Do">What.</param>
/// <param name="Address">Whom with: <c>203.0.113.1:7000</c>.</param>
/// <param name="LocalPort">Port to listen on or to call from; 0 for any.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">How large each is.</param>
/// <param name="Milliseconds">How long at most, or how long.</param>
internal sealed record AgentCommand(
    int Id,
    AgentTask Do,
    string? Address = null,
    int LocalPort = 0,
    int Count = 0,
    int Bytes = 0,
    int Milliseconds = 0);
