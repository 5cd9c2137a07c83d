using System.Text;
using Skein.Engine.ChatTemplates;

namespace Skein.Fuzz.Targets;

/// <summary>The reader of chat templates. Rendering has limits far above what a target may allocate; the engine's tests mutate that.</summary>
[Fuzzes(typeof(ChatTemplate), nameof(ChatTemplate.Parse))]
public sealed class ChatTemplateTarget : IFuzzTarget
{
    public string Name => "chat-template";

    public void Run(ReadOnlySpan<byte> data)
    {
        try
        {
            ChatTemplate.Parse(Encoding.UTF8.GetString(data));
        }
        catch (ChatTemplateException refusal)
        {
            FuzzCheck.Holds(refusal.Error is ChatTemplateError.Syntax or ChatTemplateError.Unsupported or ChatTemplateError.LimitExceeded, "reading fails only by what the template is");
            FuzzCheck.Holds(refusal.Line is null or > 0, "lines are counted from one");
        }
    }
}
