namespace Skein.Swarm.Wire;

/// <summary>The head of a message that was read; its body is still in the stream.</summary>
/// <param name="Type">What the message is.</param>
/// <param name="BodyLength">Bytes that follow: the payload of a frame, the fields of any other message.</param>
/// <param name="Frame">The frame's head, if it is one.</param>
/// <param name="Checksum">The checksum that a frame claims.</param>
/// <param name="HeadState">The running checksum over a frame's head.</param>
internal readonly record struct WireHeader(WireMessageType Type, int BodyLength, FrameHeader Frame = default, uint Checksum = 0, uint HeadState = 0);
