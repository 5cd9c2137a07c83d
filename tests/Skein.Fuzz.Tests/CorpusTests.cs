using System.Diagnostics;

namespace Skein.Fuzz.Tests;

/// <summary>Every kept input once, and some mutations of each: the short form of fuzzing.</summary>
public sealed class CorpusTests
{
    private const int MutationsPerFile = 300;

    /// <summary>Fixed, so that a failure repeats.</summary>
    private const int Seed = 20_261_001;

    /// <summary>Of one target, however large its corpus grows.</summary>
    private static readonly TimeSpan ShortTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongTime = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Run_KeptInputs_AreTakenOrRefused(string name)
    {
        var target = Target(name);
        var files = Corpus.Files(name);

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Null(FuzzRun.Judge(target, File.ReadAllBytes(file))));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Run_MutatedInputs_AreTakenOrRefused(string name)
    {
        var target = Target(name);
        var seeds = Corpus.Files(name).Select(File.ReadAllBytes).ToList();
        var mutator = new Mutator(Seed, seeds);
        var isLong = Environment.GetEnvironmentVariable("SKEIN_LONG") == "1";
        var time = isLong ? LongTime : ShortTime;
        var started = Stopwatch.GetTimestamp();
        var runs = 0;
        for (var round = 0; (isLong || round < MutationsPerFile) && Stopwatch.GetElapsedTime(started) < time; round++)
        {
            foreach (var seed in seeds)
            {
                Assert.Null(FuzzRun.Judge(target, mutator.Next(seed)));
                runs++;
            }
        }

        Assert.True(runs >= seeds.Count, $"Only {runs} runs of {name} in {time}.");
    }

    [Fact]
    public void Corpora_OfNoTarget_AreNone()
        => Assert.Empty(Directory.EnumerateDirectories(Corpus.Root).Select(Path.GetFileName).Except(FuzzTargets.All.Select(target => target.Name)));

    [Fact]
    public void Corpora_AreSmall()
        => Assert.DoesNotContain(Directory.EnumerateFiles(Corpus.Root, "*", SearchOption.AllDirectories), file => new FileInfo(file).Length > FuzzRun.LargestInput);

    [Fact]
    public void Targets_Names_Differ() => Assert.Distinct(FuzzTargets.All.Select(target => target.Name));

    private static IFuzzTarget Target(string name) => FuzzTargets.All.Single(target => target.Name == name);
}
