using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Skein.Cli.Configuration;

/// <summary>One setting that may come from the command line, the environment or a file.</summary>
/// <param name="Name">Kebab case, without dashes: <c>kv-tokens</c>.</param>
/// <param name="Description">For <c>--help</c>: what it is, its unit, its default.</param>
/// <param name="ValueName">Placeholder in <c>--help</c>.</param>
/// <param name="Repeats">Whether it may be given several times.</param>
internal sealed record SettingOption(string Name, string Description, string ValueName, bool Repeats = false)
{
    /// <summary>The command-line option.</summary>
    public Option<string[]> Option { get; } = new("--" + Name)
    {
        Description = Description,
        HelpName = ValueName,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Key in a configuration file: <c>kvTokens</c>.</summary>
    public string FileKey
    {
        get
        {
            var key = new StringBuilder();
            foreach (var word in Name.Split('-'))
            {
                key.Append(key.Length == 0 ? word : char.ToUpper(word[0], CultureInfo.InvariantCulture) + word[1..]);
            }

            return key.ToString();
        }
    }

    /// <summary>Environment variable behind a command's prefix: <c>SKEIN_NODE_KV_TOKENS</c>.</summary>
    public string EnvironmentVariable(string prefix) => prefix + Name.Replace('-', '_').ToUpperInvariant();
}
