using System.Diagnostics.CodeAnalysis;

namespace Skein.Models;

/// <summary>A label of a model in a store, and a folder's name on every system: 1 to 64 of <c>a-z 0-9 . _ -</c>, a letter or digit first and last.</summary>
public readonly record struct ModelName
{
    /// <summary>The longest name.</summary>
    public const int MaxLength = 64;

    /// <summary>Names that mean something else, to the store or to Windows.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        StoreRoot.PiecesFolder, "con", "prn", "aux", "nul",
        "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
        "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
    };

    private readonly string? _text;

    private ModelName(string text) => _text = text;

    /// <summary>Takes a name.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.BadName"/>.</exception>
    public static ModelName Parse(string text)
        => TryParse(text, out var name)
            ? name
            : throw new ModelException(ModelError.BadName, $"A model's name has 1 to {MaxLength} of the characters a-z, 0-9, '.', '_' and '-', with a letter or digit at both ends, and is not a device of Windows.");

    /// <summary>Takes a name, if it is one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ModelName name)
    {
        name = default;
        if (text is null || text.Length is 0 or > MaxLength || !IsAlphanumeric(text[0]) || !IsAlphanumeric(text[^1]))
        {
            return false;
        }

        if (!text.All(letter => IsAlphanumeric(letter) || letter is '.' or '_' or '-') || text.Contains("..", StringComparison.Ordinal))
        {
            return false;
        }

        // Windows takes a device by what stands before the first dot.
        if (Reserved.Contains(text.Split('.')[0]))
        {
            return false;
        }

        name = new ModelName(text);
        return true;
    }

    /// <summary>The name.</summary>
    public override string ToString() => _text ?? throw new InvalidOperationException("A default name is no name.");

    private static bool IsAlphanumeric(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter);
}
