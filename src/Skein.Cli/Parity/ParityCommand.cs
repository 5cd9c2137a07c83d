using System.CommandLine;
namespace Skein.Cli.Parity;
internal static class ParityCommand { public static Command Create() => new("parity", "soon"); }
