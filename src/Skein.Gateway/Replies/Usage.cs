namespace Skein.Gateway.Replies;

/// <summary>What a request cost, in tokens.</summary>
/// <param name="PromptTokens">Tokens of the prompt, or of all prompts; counted once however many replies it got.</param>
/// <param name="CompletionTokens">Tokens produced for all replies, those that ended them included.</param>
/// <param name="TotalTokens">Both.</param>
public sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    internal static Usage Of(int promptTokens, IReadOnlyList<Reply> replies)
    {
        var completion = replies.Sum(reply => reply.ProducedTokens);
        return new Usage(promptTokens, completion, promptTokens + completion);
    }
}
