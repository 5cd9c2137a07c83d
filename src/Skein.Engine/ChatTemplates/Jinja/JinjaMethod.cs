namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A method or filter: what it does to a value.</summary>
internal delegate JinjaValue JinjaMethod(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments);
