using System.Text.Json.Nodes;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Tests.Fakes;

/// <summary>ChatML, and the conversation as the template got it.</summary>
internal sealed class PlainChatPrompt : IChatPrompt
{
    public JsonArray? Messages { get; private set; }

    public JsonArray? Tools { get; private set; }

    public string Render(JsonArray messages, JsonArray? tools)
    {
        Messages = messages;
        Tools = tools;
        return string.Concat(messages.Select(message => $"<|im_start|>{message!["role"]}\n{message["content"]}<|im_end|>\n")) + "<|im_start|>assistant\n";
    }
}
