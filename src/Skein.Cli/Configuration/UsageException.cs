namespace Skein.Cli.Configuration;

/// <summary>The user asked for something that cannot be; the message says what and how to do it right. Exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
