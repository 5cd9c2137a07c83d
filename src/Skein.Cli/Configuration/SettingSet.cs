using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Skein.Cli.Configuration;

/// <summary>Values of a command's settings: the command line goes before the environment, the environment before the file.</summary>
internal sealed class SettingSet
{
    private readonly Dictionary<string, string[]> _values = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    private SettingSet()
    {
    }

    /// <summary>Everything wrong so far, said at once by <see cref="ThrowIfFaulty"/>.</summary>
    public void AddFault(string fault) => _faults.Add(fault);

    /// <summary>Collects values.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="settings">The settings of the command.</param>
    /// <param name="environmentPrefix">Such as <c>SKEIN_NODE_</c>.</param>
    /// <param name="file">A JSON file (comments allowed), or null.</param>
    /// <param name="environment">Looks variables up.</param>
    public static SettingSet Collect(ParseResult parse, IReadOnlyList<SettingOption> settings, string environmentPrefix, string? file, Func<string, string?> environment)
    {
        var set = new SettingSet();
        var fromFile = file is null ? [] : set.ReadFile(file, settings);
        foreach (var setting in settings)
        {
            if (parse.GetValue(setting.Option) is { Length: > 0 } given)
            {
                set._values[setting.Name] = given;
            }
            else if (environment(setting.EnvironmentVariable(environmentPrefix)) is { Length: > 0 } variable)
            {
                set._values[setting.Name] = setting.Repeats ? variable.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [variable];
            }
            else if (fromFile.TryGetValue(setting.Name, out var read))
            {
                set._values[setting.Name] = read;
            }
        }

        return set;
    }

    /// <summary>The value as text, or null.</summary>
    public string? Text(SettingOption setting) => _values.TryGetValue(setting.Name, out var values) ? values[^1] : null;

    /// <summary>All values of a setting that repeats.</summary>
    public IReadOnlyList<string> Texts(SettingOption setting) => _values.TryGetValue(setting.Name, out var values) ? values : [];

    /// <summary>The value as a whole number within bounds, or <paramref name="fallback"/>.</summary>
    public int Number(SettingOption setting, int fallback, int least, int most)
    {
        if (Text(setting) is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        AddFault($"--{setting.Name} takes a whole number from {least} to {most}, not '{text}'.");
        return fallback;
    }

    /// <summary>Reports all faults in one error.</summary>
    /// <exception cref="UsageException">There was at least one.</exception>
    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
        {
            throw new UsageException(string.Join(Environment.NewLine, _faults));
        }
    }

    private Dictionary<string, string[]> ReadFile(string file, IReadOnlyList<SettingOption> settings)
    {
        var values = new Dictionary<string, string[]>(StringComparer.Ordinal);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            AddFault($"The configuration file {file} could not be read: {e.Message}");
            return values;
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                AddFault($"The configuration file {file} must hold one JSON object.");
                return values;
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (settings.FirstOrDefault(s => s.FileKey == property.Name) is not { } setting)
                {
                    AddFault($"{file}: '{property.Name}' is not a setting. There are: {string.Join(", ", settings.Select(s => s.FileKey))}.");
                    continue;
                }

                var items = property.Value.ValueKind == JsonValueKind.Array && setting.Repeats ? property.Value.EnumerateArray().ToArray() : [property.Value];
                if (items.Any(item => item.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)))
                {
                    AddFault($"{file}: '{property.Name}' takes {(setting.Repeats ? "text or a list of texts" : "text or a number")}.");
                    continue;
                }

                values[setting.Name] = [.. items.Select(item => item.ToString())];
            }
        }

        return values;
    }
}
