using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Links;

/// <summary>What a process does with what arrives on its frame links. Thread-safe; nothing here may wait.</summary>
internal interface ILinkHost
{
    /// <summary>Says who takes a frame, before its payload is read.</summary>
    /// <param name="link">Where it comes from.</param>
    /// <param name="header">Its head.</param>
    /// <param name="complaint">What to tell the sender when nobody takes the frame; null says nothing.</param>
    /// <returns>Null when nobody does: the payload is passed over without being stored.</returns>
    IFrameTarget? Admit(FrameLink link, in FrameHeader header, out ErrorMessage? complaint);

    /// <summary>A session failed on the other side of the link.</summary>
    void OnError(FrameLink link, ErrorMessage error);

    /// <summary>The link is gone, and every session on it.</summary>
    void OnClosed(FrameLink link, SwarmException reason);
}
