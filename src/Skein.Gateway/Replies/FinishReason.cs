namespace Skein.Gateway.Replies;

/// <summary>Why a reply ended, as OpenAI's clients read it.</summary>
internal static class FinishReason
{
    /// <summary>The model ended it, or a stop string did.</summary>
    public const string Stop = "stop";

    /// <summary>It reached the bound on tokens.</summary>
    public const string Length = "length";

    /// <summary>It broke off. Only in a stream that had begun, beside an error.</summary>
    public const string Error = "error";
}
