using System.CommandLine;
namespace Skein.Cli.Models;
internal static class ModelCommand { public static Command Create() => new("model", "soon"); }
