using System.Reflection;
using Skein.Core.Decoding;

namespace Skein.Fuzz.Tests;

/// <summary>No decoder lacks a target.</summary>
public sealed class DecoderCoverageTests
{
    /// <summary>Decoders by name that need none, each with its reason.</summary>
    private static readonly Dictionary<string, string> NotFuzzed = new(StringComparer.Ordinal)
    {
        ["Skein.Core.Identity.SessionId.Read"] = "sixteen bytes of any value: nothing to refuse",
        ["Skein.P2P.Identity.KeyMessage.TryReadEd25519"] = "internal: every byte reaches it through PublicKey.TryRead and PeerKey.TryRead, which have a target",
    };

    private static readonly List<FuzzesAttribute> Covered = [.. FuzzTargets.All.SelectMany(target => target.GetType().GetCustomAttributes<FuzzesAttribute>())];

    [Fact]
    public void Decoders_WithoutATarget_AreNone()
    {
        var missing = DecoderScan.Find(DecoderScan.ProductAssemblies.SelectMany(assembly => assembly.GetTypes()))
            .Where(decoder => !NotFuzzed.ContainsKey(decoder.ToString()) && !Covered.Exists(decoder.IsCoveredBy))
            .Select(decoder => decoder.ToString());

        Assert.True(!missing.Any(), $"Add a fuzz target (fuzz/README.md) for: {string.Join(", ", missing)}");
    }

    [Fact]
    public void ExceptedDecoders_StillExist()
    {
        var found = DecoderScan.Find(DecoderScan.ProductAssemblies.SelectMany(assembly => assembly.GetTypes())).Select(decoder => decoder.ToString());
        Assert.Empty(NotFuzzed.Keys.Except(found));
    }

    [Fact]
    public void Targets_AllSayWhatTheyCover()
    {
        Assert.All(FuzzTargets.All, target => Assert.NotEmpty(target.GetType().GetCustomAttributes<FuzzesAttribute>()));
        Assert.All(Covered, fuzzes => Assert.All(fuzzes.Methods, method => Assert.NotEmpty(fuzzes.Decoder.GetMember(method, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance))));
    }

    [Fact]
    public void ProductAssemblies_ThatDecode_AreAllHere()
    {
        var sources = Directory.EnumerateDirectories(Path.Combine(Corpus.Root, "..", "..", "src"))
            .Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any())
            .Select(Path.GetFileName);

        // The command line only parses its own arguments; the laboratory shapes streams and reads none.
        Assert.Empty(sources.Except(["Skein.Cli", "Skein.Lab"]).Except(DecoderScan.ProductAssemblies.Select(assembly => assembly.GetName().Name)));
    }

    [Fact]
    public void Find_MarkedAndNamedDecoders_FindsThem()
    {
        var found = DecoderScan.Find([typeof(MarkedType), typeof(Methods)]).Select(decoder => $"{decoder.Type.Name}.{decoder.Method}");
        Assert.Equal(["MarkedType.", "Methods.Marked", "Methods.TryReadFrame", "Methods.ParseAll", "Methods.TryParseText", "Methods.ReadWholeAsync", "Methods.TryOpenSealed"], found);
    }

    [Decoder]
    private sealed class MarkedType;

    private static class Methods
    {
        [Decoder]
        public static int Marked(string text) => text.Length;

        public static bool TryReadFrame(ref System.Buffers.SequenceReader<byte> reader, out long frame)
        {
            frame = reader.Length;
            return true;
        }

        public static int ParseAll(in ReadOnlySpan<byte> bytes) => bytes.Length;

        public static bool TryParseText(ReadOnlySpan<char> text) => text.IsEmpty;

        public static ValueTask<int> ReadWholeAsync(Stream stream, CancellationToken cancellationToken) => stream.ReadAsync(new byte[1], cancellationToken);

        internal static bool TryOpenSealed(ReadOnlySpan<byte> bytes) => bytes.IsEmpty;

        public static int ReadSettings(string path) => path.Length;

        public static int CountBytes(ReadOnlySpan<byte> bytes) => bytes.Length;
    }
}
