namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A value of a template. Lists, dictionaries and namespaces are shared by reference, as in Python.</summary>
internal readonly struct JinjaValue
{
    private readonly object? _reference;
    private readonly long _bits;

    private JinjaValue(JinjaKind kind, object? reference, long bits = 0)
    {
        Kind = kind;
        _reference = reference;
        _bits = bits;
    }

    public static JinjaValue None { get; } = new(JinjaKind.None, null);

    public static JinjaValue True { get; } = new(JinjaKind.Boolean, null, 1);

    public static JinjaValue False { get; } = new(JinjaKind.Boolean, null);

    public static JinjaValue Empty { get; } = new(JinjaKind.Text, string.Empty);

    public JinjaKind Kind { get; }

    public bool IsUndefined => Kind == JinjaKind.Undefined;

    public bool IsNone => Kind == JinjaKind.None;

    public bool IsText => Kind == JinjaKind.Text;

    /// <summary>Whether Python's arithmetic takes it; booleans are integers there.</summary>
    public bool IsNumber => Kind is JinjaKind.Boolean or JinjaKind.Integer or JinjaKind.Float;

    /// <summary>Whether it is an integer or a boolean.</summary>
    public bool IsWhole => Kind is JinjaKind.Boolean or JinjaKind.Integer;

    public bool Boolean => _bits != 0;

    /// <summary>The value of a boolean or an integer.</summary>
    public long Integer => _bits;

    /// <summary>The value of any number.</summary>
    public double Number => Kind == JinjaKind.Float ? BitConverter.Int64BitsToDouble(_bits) : _bits;

    public string Text => (string)_reference!;

    public JinjaList List => (JinjaList)_reference!;

    public JinjaDictionary Dictionary => (JinjaDictionary)_reference!;

    public JinjaObject Object => (JinjaObject)_reference!;

    /// <summary>For an undefined value: what was looked for, as the error message puts it.</summary>
    public string Missing => _reference as string ?? "the value is undefined";

    /// <summary>What Python calls the type, for messages.</summary>
    public string TypeName => Kind switch
    {
        JinjaKind.Undefined => "undefined",
        JinjaKind.None => "none",
        JinjaKind.Boolean => "bool",
        JinjaKind.Integer => "int",
        JinjaKind.Float => "float",
        JinjaKind.Text => "str",
        JinjaKind.List => List.IsTuple ? "tuple" : "list",
        JinjaKind.Dictionary => "dict",
        _ => Object.TypeName,
    };

    /// <summary>Python's truth of a value.</summary>
    public bool IsTrue => Kind switch
    {
        JinjaKind.Undefined or JinjaKind.None => false,
        JinjaKind.Boolean or JinjaKind.Integer => _bits != 0,
        JinjaKind.Float => Number != 0,
        JinjaKind.Text => Text.Length > 0,
        JinjaKind.List => List.Items.Count > 0,
        JinjaKind.Dictionary => Dictionary.Count > 0,
        _ => true,
    };

    public static JinjaValue Undefined(string missing) => new(JinjaKind.Undefined, missing);

    public static JinjaValue From(bool value) => value ? True : False;

    public static JinjaValue From(long value) => new(JinjaKind.Integer, null, value);

    public static JinjaValue From(double value) => new(JinjaKind.Float, null, BitConverter.DoubleToInt64Bits(value));

    public static JinjaValue From(string value) => new(JinjaKind.Text, value);

    public static JinjaValue From(JinjaList value) => new(JinjaKind.List, value);

    public static JinjaValue From(JinjaDictionary value) => new(JinjaKind.Dictionary, value);

    public static JinjaValue From(JinjaObject value) => new(JinjaKind.Object, value);

    public static JinjaValue FromList(List<JinjaValue> items) => From(new JinjaList(items, isTuple: false));

    public static JinjaValue FromTuple(params JinjaValue[] items) => From(new JinjaList([.. items], isTuple: true));

    /// <summary>Whether both are the same object, or equal scalars of one type.</summary>
    public bool IsSame(JinjaValue other)
        => Kind == other.Kind && _bits == other._bits && (Kind == JinjaKind.Text ? string.Equals(Text, other.Text, StringComparison.Ordinal) : IsUndefined || ReferenceEquals(_reference, other._reference));
}
