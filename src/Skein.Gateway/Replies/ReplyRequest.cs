using Skein.Core.Generation;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Replies;

/// <summary>One reply that a client asked for.</summary>
/// <param name="Index">Its place among the request's replies.</param>
/// <param name="Model">Who answers.</param>
/// <param name="Generation">What to produce.</param>
/// <param name="Stops">Strings that end it.</param>
/// <param name="Echo">Text to give out before it; empty for none.</param>
internal sealed record ReplyRequest(int Index, ServedModel Model, GenerationRequest Generation, IReadOnlyList<string> Stops, string Echo = "");
