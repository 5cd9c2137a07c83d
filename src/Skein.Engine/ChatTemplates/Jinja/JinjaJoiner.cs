namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What <c>joiner(separator)</c> makes: nothing when called first, the separator afterwards.</summary>
internal sealed class JinjaJoiner(JinjaValue separator) : JinjaCallable
{
    private bool _isUsed;

    public override JinjaValue Call(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        var value = _isUsed ? separator : JinjaValue.Empty;
        _isUsed = true;
        return value;
    }
}
