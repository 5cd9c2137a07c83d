using Skein.Core.Generation;

namespace Skein.Engine.Sampling;

/// <summary>Repetition, frequency and presence penalties over the last tokens.</summary>
/// <remarks>
/// Repetition (CTRL, Keskar et al. 2019: positive logits are divided, negative ones multiplied) sees prompt and reply; frequency and presence see the reply
/// only, as OpenAI defines them. The window counts back from the newest token, over prompt and reply together.
/// </remarks>
internal sealed class TokenPenalties
{
    private readonly float _repetition;
    private readonly float _frequency;
    private readonly float _presence;
    private readonly int _window;
    private readonly Queue<(int Token, bool Generated)> _recent = new();
    private readonly Dictionary<int, (int Seen, int Generated)> _counts = [];

    private TokenPenalties(SamplingOptions options)
    {
        _repetition = options.RepetitionPenalty;
        _frequency = options.FrequencyPenalty;
        _presence = options.PresencePenalty;
        _window = options.PenaltyWindow;
    }

    /// <summary>Makes them, or null if the options penalise nothing.</summary>
    public static TokenPenalties? Create(SamplingOptions options, ReadOnlySpan<int> prompt)
    {
        if ((options.RepetitionPenalty == 1f && options.FrequencyPenalty == 0f && options.PresencePenalty == 0f) || options.PenaltyWindow == 0)
        {
            return null;
        }

        var penalties = new TokenPenalties(options);
        foreach (var token in penalties._window < 0 || penalties._window >= prompt.Length ? prompt : prompt[^penalties._window..])
        {
            penalties.Add(token, generated: false);
        }

        return penalties;
    }

    /// <summary>Takes a generated token.</summary>
    public void Accept(int token) => Add(token, generated: true);

    /// <summary>Lowers logits.</summary>
    public void Apply(Span<float> logits)
    {
        foreach (var (token, (seen, generated)) in _counts)
        {
            if ((uint)token >= (uint)logits.Length)
            {
                continue;
            }

            ref var logit = ref logits[token];
            if (seen > 0)
            {
                logit = logit > 0f ? logit / _repetition : logit * _repetition;
            }

            if (generated > 0)
            {
                logit -= (generated * _frequency) + _presence;
            }
        }
    }

    private void Add(int token, bool generated)
    {
        Count(token, generated, 1);
        if (_window < 0)
        {
            return;
        }

        _recent.Enqueue((token, generated));
        if (_recent.Count > _window)
        {
            var (old, wasGenerated) = _recent.Dequeue();
            Count(old, wasGenerated, -1);
        }
    }

    private void Count(int token, bool generated, int change)
    {
        var (seen, times) = _counts.GetValueOrDefault(token);
        _counts[token] = (seen + change, times + (generated ? change : 0));
    }
}
