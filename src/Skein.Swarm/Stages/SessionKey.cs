using Skein.Core.Identity;

namespace Skein.Swarm.Stages;

/// <summary>One stage's part of a session; a node that hosts two spans of a chain has two.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage of its chain.</param>
internal readonly record struct SessionKey(SessionId Session, int Hop);
