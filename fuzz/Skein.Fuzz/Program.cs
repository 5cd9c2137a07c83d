using System.Diagnostics;
using System.Globalization;
using SharpFuzz;

namespace Skein.Fuzz;

/// <summary>
/// <c>dotnet run --project fuzz/Skein.Fuzz -- &lt;target&gt; [seconds] [seed]</c>: mutates the target's corpus for so long.
/// Started by AFL or libFuzzer (see fuzz/README.md) it takes its inputs from them.
/// </summary>
internal static class Program
{
    private const int DefaultSeconds = 60;

    public static int Main(string[] args)
    {
        var target = FuzzTargets.All.FirstOrDefault(target => target.Name == args.FirstOrDefault());
        if (target is null)
        {
            Console.Error.WriteLine($"Which target? {string.Join(", ", FuzzTargets.All.Select(known => known.Name))}");
            return 2;
        }

        if (Environment.GetEnvironmentVariable("__LIBFUZZER_SHM_ID") is not null)
        {
            Fuzzer.LibFuzzer.Run(target.Run);
            return 0;
        }

        if (Environment.GetEnvironmentVariable("__AFL_SHM_ID") is not null)
        {
            Fuzzer.OutOfProcess.Run(stream => RunOnce(target, stream));
            return 0;
        }

        var seconds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : DefaultSeconds;
        var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.TickCount;
        return Mutate(target, TimeSpan.FromSeconds(seconds), seed);
    }

    private static void RunOnce(IFuzzTarget target, Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        target.Run(bytes.ToArray());
    }

    private static int Mutate(IFuzzTarget target, TimeSpan time, int seed)
    {
        var seeds = Corpus.Files(target.Name).Select(File.ReadAllBytes).ToList();
        if (seeds.Count == 0)
        {
            Console.Error.WriteLine($"No corpus in {Path.Combine(Corpus.Root, target.Name)}: put at least one good input there.");
            return 2;
        }

        var mutator = new Mutator(seed, seeds);
        var started = Stopwatch.GetTimestamp();
        var runs = 0L;
        for (; Stopwatch.GetElapsedTime(started) < time; runs++)
        {
            if (FuzzRun.Judge(target, mutator.Next()) is { } failure)
            {
                Console.Error.WriteLine($"Seed {seed}, run {runs}: {failure}");
                return 1;
            }
        }

        Console.WriteLine($"{target.Name}: {runs} inputs of {seeds.Count} kept ones in {time.TotalSeconds} s, seed {seed}: nothing found.");
        return 0;
    }
}
