using System.Runtime.InteropServices;
using Skein.Engine.Library;
using Skein.Engine.Native;

namespace Skein.Engine.Sampling;

/// <summary>Where a reply stands in a GBNF grammar. One caller at a time.</summary>
internal sealed unsafe class TokenGrammar : IDisposable
{
    private readonly SamplerHandle _sampler;
    private readonly int _vocabularySize;
    private TokenCandidate* _candidates;

    /// <summary>Parses a grammar rooted at <c>root</c>.</summary>
    /// <exception cref="ArgumentException">It does not parse, or is too large.</exception>
    public TokenGrammar(nint vocabulary, int vocabularySize, string grammar)
    {
        if (GrammarText.FindFault(grammar) is { } fault)
        {
            throw new ArgumentException($"The grammar is refused: {fault}.", nameof(grammar));
        }

        NativeLog.Begin();
        _sampler = Llama.SamplerInitGrammar(vocabulary, grammar, "root");
        if (_sampler.IsInvalid)
        {
            _sampler.Dispose();
            throw new ArgumentException($"The grammar does not parse as GBNF with a rule named root.{NativeLog.Kept()}", nameof(grammar));
        }

        _vocabularySize = vocabularySize;
    }

    /// <summary>Whether the grammar allows a token next.</summary>
    public bool Allows(int token)
    {
        var candidate = new TokenCandidate { Id = token, Logit = 1f };
        var candidates = new TokenCandidates { Data = &candidate, Size = 1, Selected = -1 };
        Llama.SamplerApply(_sampler, &candidates);
        return !float.IsNegativeInfinity(candidate.Logit);
    }

    /// <summary>Sets the logits of all tokens that the grammar does not allow to negative infinity.</summary>
    /// <returns>Whether any token is left.</returns>
    public bool Mask(Span<float> logits)
    {
        if (_candidates is null)
        {
            _candidates = (TokenCandidate*)NativeMemory.Alloc((nuint)_vocabularySize, (nuint)sizeof(TokenCandidate));
        }

        for (var i = 0; i < logits.Length; i++)
        {
            _candidates[i] = new TokenCandidate { Id = i, Logit = logits[i] };
        }

        var candidates = new TokenCandidates { Data = _candidates, Size = (nuint)logits.Length, Selected = -1 };
        Llama.SamplerApply(_sampler, &candidates);
        var any = false;
        for (nuint i = 0; i < candidates.Size; i++)
        {
            var candidate = candidates.Data[i];
            logits[candidate.Id] = candidate.Logit;
            any |= !float.IsNegativeInfinity(candidate.Logit);
        }

        return any;
    }

    /// <summary>Takes a token that <see cref="Allows"/> allowed.</summary>
    public void Accept(int token) => Llama.SamplerAccept(_sampler, token);

    /// <inheritdoc/>
    public void Dispose()
    {
        _sampler.Dispose();
        NativeMemory.Free(_candidates);
        _candidates = null;
    }
}
