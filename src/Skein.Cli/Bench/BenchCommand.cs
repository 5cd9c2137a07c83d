using System.CommandLine;
namespace Skein.Cli.Bench;
internal static class BenchCommand { public static Command Create() => new("bench", "soon"); }
