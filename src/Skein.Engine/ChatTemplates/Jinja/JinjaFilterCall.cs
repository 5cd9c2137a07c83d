namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A filter as written, without the value it is applied to.</summary>
internal sealed record JinjaFilterCall(int Line, string Name, JinjaCallArguments Arguments);
