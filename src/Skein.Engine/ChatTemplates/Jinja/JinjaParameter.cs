namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A parameter of a macro, with its default if it has one.</summary>
internal sealed record JinjaParameter(string Name, JinjaExpression? Default);
