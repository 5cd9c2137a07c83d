namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A macro as written.</summary>
/// <param name="Name">Its name; <c>caller</c> for the body of a call block.</param>
/// <param name="Parameters">In order; those with defaults come last.</param>
/// <param name="Body">What it writes.</param>
/// <param name="TakesMore">Whether the body asks for <c>varargs</c>, so that it takes more values than it has parameters.</param>
/// <param name="TakesMoreNamed">Whether the body asks for <c>kwargs</c>, so that it takes names that are not parameters.</param>
/// <param name="TakesCaller">Whether the body asks for <c>caller</c>, so that a call block can call it.</param>
internal sealed record JinjaMacroDefinition(string Name, IReadOnlyList<JinjaParameter> Parameters, IReadOnlyList<JinjaStatement> Body, bool TakesMore, bool TakesMoreNamed, bool TakesCaller);
