using System.Buffers;
using System.Reflection;
using System.Runtime.CompilerServices;
using Skein.Core.Decoding;

namespace Skein.Fuzz.Tests;

/// <summary>Finds what turns bytes or text of strangers into values, in every product assembly.</summary>
internal static class DecoderScan
{
    private static readonly string[] Prefixes = ["TryRead", "Read", "TryDecode", "Decode", "TryParse", "Parse", "TryOpen"];

    private static readonly Type[] Inputs =
    [
        typeof(byte[]), typeof(ReadOnlySpan<byte>), typeof(ReadOnlyMemory<byte>), typeof(ReadOnlySequence<byte>), typeof(SequenceReader<byte>), typeof(ReadOnlySpan<char>), typeof(Stream),
    ];

    /// <summary>Product assemblies beside the tests: the command line decodes nothing, the laboratory only shapes streams.</summary>
    public static IReadOnlyList<Assembly> ProductAssemblies { get; } =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "Skein.*.dll")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => !name.StartsWith("Skein.Fuzz", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(Assembly.Load),
    ];

    /// <summary>Types marked as decoders, and methods marked or named as such.</summary>
    public static IReadOnlyList<FoundDecoder> Find(IEnumerable<Type> types)
    {
        var found = new List<FoundDecoder>();
        foreach (var type in types.Where(type => type.GetCustomAttribute<CompilerGeneratedAttribute>() is null))
        {
            if (type.GetCustomAttribute<DecoderAttribute>() is not null)
            {
                found.Add(new FoundDecoder(type, null));
            }

            found.AddRange(type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Where(method => method.GetCustomAttribute<DecoderAttribute>() is not null || IsDecoderByName(method))
                .Select(method => new FoundDecoder(type, method.Name)));
        }

        return [.. found.Distinct()];
    }

    private static bool IsDecoderByName(MethodInfo method)
        => method is { IsStatic: true, IsPrivate: false }
            && method.GetCustomAttribute<CompilerGeneratedAttribute>() is null
            && Array.Exists(Prefixes, prefix => method.Name.StartsWith(prefix, StringComparison.Ordinal))
            && method.GetParameters().Any(parameter => !parameter.IsOut && Inputs.Contains(parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType() : parameter.ParameterType));
}
