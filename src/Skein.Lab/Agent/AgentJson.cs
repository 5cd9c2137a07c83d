using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skein.Lab.Agent;

/// <summary>How commands and replies are written: one JSON object a line, the number first.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(AgentCommand))]
[JsonSerializable(typeof(AgentReply))]
internal sealed partial class AgentJson : JsonSerializerContext
{
    /// <summary>How every reply to a command begins, so that it can be found among other lines; every reply carries more than its number.</summary>
    public static string Beginning(int id) => $"{{\"id\":{id},";

    /// <summary>Writes a command.</summary>
    public static string Write(AgentCommand command) => JsonSerializer.Serialize(command, Default.AgentCommand);

    /// <summary>Writes a reply.</summary>
    public static string Write(AgentReply reply) => JsonSerializer.Serialize(reply, Default.AgentReply);
}
