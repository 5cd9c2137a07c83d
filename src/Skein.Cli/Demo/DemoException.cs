using Skein.Core.Errors;

namespace Skein.Cli.Demo;

/// <summary>The demonstration could not run.</summary>
internal sealed class DemoException(string message) : SkeinException("demo.failed", message);
