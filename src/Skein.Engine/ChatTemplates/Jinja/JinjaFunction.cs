namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A function that C# provides: a global, or a method bound to its value.</summary>
internal sealed class JinjaFunction(Func<JinjaInterpreter, JinjaArguments, JinjaValue> body) : JinjaCallable
{
    public override JinjaValue Call(JinjaInterpreter interpreter, JinjaArguments arguments) => body(interpreter, arguments);
}
