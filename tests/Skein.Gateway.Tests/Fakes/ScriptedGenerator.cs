using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using Skein.Core.Generation;
using Skein.Core.Identity;

namespace Skein.Gateway.Tests.Fakes;

/// <summary>A generator that follows a script: for each request, a run of steps.</summary>
internal sealed class ScriptedGenerator(Func<GenerationRequest, IEnumerable<ScriptedGenerator.Step>> script) : IGenerator
{
    private int _active;

    public int ContextLength { get; init; } = 512;

    public GeneratorReadiness Readiness { get; set; } = new(true, null);

    public ConcurrentQueue<GenerationRequest> Requests { get; } = new();

    /// <summary>Replies that run now.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Completes when a reply that had begun was given up.</summary>
    public TaskCompletionSource GivenUp { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a reply began.</summary>
    public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static ScriptedGenerator Saying(string text) => new(_ => Say(text).Append(new EndStep()));

    public static IEnumerable<Step> Say(string text) => Encoding.UTF8.GetBytes(text).Select(value => new TokenStep(value));

    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(GenerationRequest request, GenerationReport? report, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        Interlocked.Increment(ref _active);
        Begun.TrySetResult();
        var complete = false;
        var produced = 0;
        try
        {
            foreach (var step in script(request))
            {
                cancellationToken.ThrowIfCancellationRequested();
                switch (step)
                {
                    case TokenStep token:
                        produced++;
                        yield return Token(request, token.Id, isEnd: false);
                        break;
                    case EndStep:
                        produced++;
                        complete = true;
                        yield return Token(request, ByteTokenizer.TurnEnd, isEnd: true);
                        yield break;
                    case WaitStep wait:
                        await wait.Until.WaitAsync(cancellationToken);
                        break;
                    case ThrowStep failure:
                        complete = true;
                        throw failure.Failure;
                }

                if (produced == request.MaxTokens)
                {
                    complete = true;
                    yield break;
                }
            }

            complete = true;
        }
        finally
        {
            if (report is not null)
            {
                report.PromptTokens = request.Prompt.Length;
                report.GeneratedTokens = produced;
                report.TimeToFirstToken = TimeSpan.FromMilliseconds(5);
                report.DecodeTime = TimeSpan.FromSeconds(1);
                report.Stages = [new StageUsage("node-a", new BlockSpan(0, 3), produced, TimeSpan.FromMilliseconds(7), 100, 200), new StageUsage("node-b", new BlockSpan(3, 5), produced, TimeSpan.FromMilliseconds(8), 200, 100)];
            }

            Interlocked.Decrement(ref _active);
            if (!complete)
            {
                GivenUp.TrySetResult();
            }
        }
    }

    private static GeneratedToken Token(GenerationRequest request, int id, bool isEnd)
        => new(
            id,
            isEnd,
            request.TopLogprobs is null ? null : -0.25f,
            [.. Enumerable.Range(0, request.TopLogprobs ?? 0).Select(rank => new TokenLogprob(rank == 0 ? id : 'A' + rank, rank == 0 ? -0.25f : -1f - rank))]);

    internal abstract record Step;

    internal sealed record TokenStep(int Id) : Step;

    internal sealed record EndStep : Step;

    internal sealed record WaitStep(Task Until) : Step;

    internal sealed record ThrowStep(Exception Failure) : Step;
}
