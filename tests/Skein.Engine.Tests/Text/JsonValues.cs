using System.Globalization;
using System.Text.Json;
using CsCheck;

namespace Skein.Engine.Tests.Text;

/// <summary>Generators of JSON text.</summary>
public static class JsonValues
{
    private static readonly Gen<string> Text = Gen.OneOf(Gen.Char["ab\"\\/\n\té€"].Array[0, 6].Select(chars => new string(chars)), Gen.Const("😀")).Select(text => JsonSerializer.Serialize(text));

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Text,
        Gen.OneOf("true", "false", "null", "0", "-1.5", "2e10"),
        Gen.Int.Select(value => value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Any JSON value, at most three deep.</summary>
    public static Gen<string> Value { get; } = Gen.Recursive<string>((depth, value) => depth >= 3
        ? Scalar
        : Gen.OneOf(
            Scalar,
            value.Array[0, 3].Select(items => $"[{string.Join(",", items)}]"),
            Gen.Select(Text, value).Array[0, 3].Select(Join)));

    /// <summary>Any JSON object.</summary>
    public static Gen<string> Object { get; } = Gen.Select(Text, Value).Array[0, 3].Select(Join);

    private static string Join((string Name, string Value)[] members)
        => "{" + string.Join(", ", members.DistinctBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}: {member.Value}")) + "}";
}
