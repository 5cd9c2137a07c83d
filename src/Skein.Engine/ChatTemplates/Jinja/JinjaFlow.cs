namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>How to go on after a statement.</summary>
internal enum JinjaFlow : byte
{
    Next,
    Break,
    Continue,
}
