using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Skein.Core.Generation;
using Skein.Core.Hidden;
using Skein.Swarm.Errors;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Coordination;

/// <summary>Produces replies of one model over a ring of stages: embeds, drives a session, applies the head, samples. Thread-safe.</summary>
/// <remarks>
/// It starts to look for its nodes when it is constructed, and watches them until disposed. It owns neither the model's edges nor the transport.
/// A node that dies, hangs or sends nonsense ends the reply with a <see cref="SwarmException"/>, never silently.
/// </remarks>
public sealed class Coordinator : IGenerator, IAsyncDisposable
{
    private readonly ModelEdges _edges;
    private readonly Ring _ring;
    private readonly TimeProvider _time;

    /// <summary>Creates a coordinator and starts to look for nodes.</summary>
    /// <param name="options">Limits and bounds.</param>
    /// <param name="edges">Both ends of the model.</param>
    /// <param name="source">Whom to ask for stages.</param>
    /// <param name="transport">How to reach them; it need not listen.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Nodes that come and go, failed sessions; never prompt text.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Coordinator(CoordinatorOptions options, ModelEdges edges, IChainSource source, IRingTransport transport, TimeProvider? time = null, ILogger? logger = null)
    {
        options.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(edges.BlockCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(edges.BlockCount, WireLimits.MaxBlocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(edges.Embedding.Width, WireLimits.MaxWidth);
        _edges = edges;
        _time = time ?? TimeProvider.System;
        _ring = new Ring(options, edges.Model, edges.BlockCount, edges.Embedding.Width, source, transport, _time, logger ?? NullLogger.Instance);
    }

    /// <inheritdoc/>
    public int ContextLength => _ring.FindChain() is { } chain
        ? Math.Min(_edges.ContextLength, chain.Min(static s => s.Info.MaxSequenceTokens))
        : _edges.ContextLength;

    /// <inheritdoc/>
    public GeneratorReadiness Readiness => _ring.FindChain() is not null
        ? new GeneratorReadiness(true, null)
        : new GeneratorReadiness(false, _ring.DescribeMissing());

    /// <summary>A chain that is complete at this moment, first stage first; empty if there is none.</summary>
    public IReadOnlyList<ChainStage> Chain => _ring.FindChain() ?? [];

    /// <summary>Replies under way or waiting for room.</summary>
    public int SessionCount => _ring.SessionCount;

    internal Ring Ring => _ring;

    /// <summary>Waits for a complete chain.</summary>
    /// <param name="bound">How long at most.</param>
    /// <param name="cancellationToken">Safe at any time.</param>
    /// <returns>The chain, first stage first.</returns>
    /// <exception cref="SwarmException"><see cref="SwarmError.ChainIncomplete"/>: the message names the missing blocks.</exception>
    public ValueTask<IReadOnlyList<ChainStage>> WaitUntilReadyAsync(TimeSpan bound, CancellationToken cancellationToken) => _ring.WaitForChainAsync(bound, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(GenerationRequest request, GenerationReport? report, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check(request);
        var started = _time.GetTimestamp();
        var prompt = request.Prompt;
        using var sampler = _edges.Samplers.Create(request.Sampling, prompt.Span);
        var session = await _ring.OpenAsync(prompt.Length + request.MaxTokens, cancellationToken);
        var generated = 0;
        var firstToken = 0L;
        var told = false;
        try
        {
            var rows = await PrefillAsync(session, prompt, cancellationToken);
            for (var finished = false; !finished;)
            {
                GeneratedToken token;
                using (rows)
                using (var logits = await _edges.Head.ComputeLogitsAsync(rows, cancellationToken))
                {
                    token = Choose(sampler, logits.Span, request.TopLogprobs);
                }

                generated++;
                firstToken = generated == 1 ? _time.GetTimestamp() : firstToken;
                finished = token.IsEnd || generated == request.MaxTokens;
                if (finished)
                {
                    // Before the last token is handed out: whoever has it has the whole account.
                    await session.CloseAsync();
                    Fill(report, session, prompt.Length, generated, started, firstToken);
                    told = true;
                    yield return token;
                    yield break;
                }

                // The next step runs in the ring while the caller deals with this token.
                await SendTokenAsync(session, token.Id, prompt.Length + generated - 1, cancellationToken);
                yield return token;
                rows = await session.ReceiveAsync(cancellationToken);
            }
        }
        finally
        {
            await session.CloseAsync();
            if (!told)
            {
                Fill(report, session, prompt.Length, generated, started, firstToken);
            }
        }
    }

    /// <summary>Ends every reply with an error and closes every connection.</summary>
    public ValueTask DisposeAsync() => _ring.DisposeAsync();

    private void Check(GenerationRequest request)
    {
        if (request.Prompt.IsEmpty)
        {
            throw new ArgumentException("A prompt has at least one token.", nameof(request));
        }

        if (request.MaxTokens < 1)
        {
            throw new ArgumentException("At least one token must be asked for.", nameof(request));
        }

        if (request.TopLogprobs is < 0 or > 20)
        {
            throw new ArgumentException("Log probabilities are reported for 0 to 20 tokens.", nameof(request));
        }

        var context = ContextLength;
        if (request.Prompt.Length > context || request.MaxTokens > context - request.Prompt.Length)
        {
            throw new ArgumentException($"The prompt has {request.Prompt.Length} tokens and {request.MaxTokens} are asked for; together the context holds {context}.", nameof(request));
        }

        var vocabulary = _edges.Tokenizer.VocabularySize;
        foreach (var token in request.Prompt.Span)
        {
            if ((uint)token >= (uint)vocabulary)
            {
                throw new ArgumentException($"Token {token} is not in the vocabulary of {vocabulary}.", nameof(request));
            }
        }
    }

    /// <summary>Sends the prompt in chunks, several in the ring at once, so that its stages work at the same time.</summary>
    /// <returns>The last row.</returns>
    private async ValueTask<HiddenRows> PrefillAsync(RingSession session, ReadOnlyMemory<int> prompt, CancellationToken cancellationToken)
    {
        var chunk = Math.Min(_ring.Options.PrefillChunk, session.MaxRows);
        var most = Math.Min(_ring.Options.PrefillInFlight, session.MaxFrames);
        var inFlight = 0;
        for (var at = 0; at < prompt.Length; at += chunk)
        {
            if (inFlight == most)
            {
                (await session.ReceiveAsync(cancellationToken)).Dispose();
                inFlight--;
            }

            var part = prompt.Slice(at, Math.Min(chunk, prompt.Length - at));
            using var rows = await _edges.Embedding.EmbedAsync(part, cancellationToken);
            await session.SendAsync(rows, at, FrameFlags.Prefill | FrameFlags.LastRowOnly);
            inFlight++;
        }

        for (; inFlight > 1; inFlight--)
        {
            (await session.ReceiveAsync(cancellationToken)).Dispose();
        }

        return await session.ReceiveAsync(cancellationToken);
    }

    private async ValueTask SendTokenAsync(RingSession session, int token, int position, CancellationToken cancellationToken)
    {
        using var rows = await _edges.Embedding.EmbedAsync(new[] { token }, cancellationToken);
        await session.SendAsync(rows, position, FrameFlags.None);
    }

    private GeneratedToken Choose(ISampler sampler, ReadOnlySpan<float> logits, int? topLogprobs)
    {
        var id = sampler.Sample(logits);
        var isEnd = _edges.Tokenizer.IsEndOfGeneration(id);
        if (topLogprobs is not { } top)
        {
            return new GeneratedToken(id, isEnd, null, []);
        }

        var normaliser = LogProbabilities.Normaliser(logits);
        return new GeneratedToken(id, isEnd, Math.Min(0, logits[id] - normaliser), LogProbabilities.Top(logits, top, normaliser));
    }

    private void Fill(GenerationReport? report, RingSession session, int promptTokens, int generated, long started, long firstToken)
    {
        if (report is null)
        {
            return;
        }

        report.PromptTokens = promptTokens;
        report.GeneratedTokens = generated;
        report.TimeToFirstToken = generated > 0 ? _time.GetElapsedTime(started, firstToken) : TimeSpan.Zero;
        report.DecodeTime = generated > 1 ? _time.GetElapsedTime(firstToken) : TimeSpan.Zero;
        report.Stages = session.Usage;
        report.FirstHopRoundTrip = session.FirstHopRoundTrip;
    }
}
