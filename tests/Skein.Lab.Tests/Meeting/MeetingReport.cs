namespace Skein.Lab.Tests.Meeting;

/// <summary>How a call through a relay went.</summary>
internal sealed record MeetingReport(string Result, int Tries, double Seconds, string Reason, bool IsRelayed, bool IsOutbound);
