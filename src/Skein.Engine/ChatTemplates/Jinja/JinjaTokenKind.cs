namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What a token is.</summary>
internal enum JinjaTokenKind : byte
{
    End,
    Data,
    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
}
