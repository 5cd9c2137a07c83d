namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Something that can be called.</summary>
internal abstract class JinjaCallable : JinjaObject
{
    public override string TypeName => "function";

    public abstract JinjaValue Call(JinjaInterpreter interpreter, JinjaArguments arguments);
}
