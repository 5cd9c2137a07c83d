using Skein.Swarm.Wire;

namespace Skein.Swarm.Links;

/// <summary>Takes the frames of one session. Thread-safe.</summary>
internal interface IFrameTarget
{
    /// <summary>Takes a frame over, at once: a link carries many sessions, so none may hold it up.</summary>
    void Deliver(FrameLink link, ReceivedFrame frame);

    /// <summary>A frame that was admitted will not come: the link broke within it.</summary>
    void Abandon(in FrameHeader header);
}
