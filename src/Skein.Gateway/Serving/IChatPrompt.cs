using System.Text.Json.Nodes;

namespace Skein.Gateway.Serving;

/// <summary>Turns a conversation into the text that a model continues: the model's own chat template. Thread-safe.</summary>
public interface IChatPrompt
{
    /// <summary>Writes the prompt, ending where the assistant's reply begins.</summary>
    /// <param name="messages">Objects with <c>role</c> and <c>content</c> (a string), and <c>name</c>, <c>tool_calls</c>, <c>tool_call_id</c> where the client gave them.</param>
    /// <param name="tools">The tools as the client described them; null if there are none.</param>
    /// <exception cref="Skein.Core.Errors.SkeinException">The template refuses the conversation; the message says why.</exception>
    string Render(JsonArray messages, JsonArray? tools);
}
