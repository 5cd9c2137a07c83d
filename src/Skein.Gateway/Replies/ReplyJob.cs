using Skein.Gateway.Serving;

namespace Skein.Gateway.Replies;

/// <summary>A request that was read and found good.</summary>
/// <param name="Model">Who answers.</param>
/// <param name="Replies">The replies asked for, at least one.</param>
/// <param name="PromptTokens">Tokens of all prompts, each counted once.</param>
/// <param name="Format">How to write the answer.</param>
/// <param name="Stream">Whether to write pieces as they come.</param>
/// <param name="IncludeUsage">Whether a stream ends with what it cost.</param>
/// <param name="Details">Whether to say how the replies came about.</param>
internal sealed record ReplyJob(
    ServedModel Model,
    IReadOnlyList<ReplyRequest> Replies,
    int PromptTokens,
    IReplyFormat Format,
    bool Stream,
    bool IncludeUsage,
    bool Details);
