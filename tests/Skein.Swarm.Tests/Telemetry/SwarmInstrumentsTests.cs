using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Skein.Swarm.Telemetry;
using Skein.Swarm.Tests.Fakes;

namespace Skein.Swarm.Tests.Telemetry;

public sealed class SwarmInstrumentsTests
{
    [Fact]
    public async Task Reply_IsCounted_UnderFrozenNames()
    {
        var seen = new ConcurrentDictionary<string, byte>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (string.Equals(instrument.Meter.Name, SwarmInstruments.MeterName, StringComparison.Ordinal))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        listener.Start();
        await using var ring = await TestRing.StartAsync(tcp: false, 2);

        await ring.GenerateAsync([1, 2, 3], 3);
        await ring.WaitUntilFreeAsync();

        // Other tests run beside this one and add outcomes of their own.
        string[] expected =
        [
            "skein.swarm.compute.duration s kind=decode",
            "skein.swarm.compute.duration s kind=prefill",
            "skein.swarm.frame.bytes By direction=in",
            "skein.swarm.frame.bytes By direction=out",
            "skein.swarm.rows {row} kind=decode",
            "skein.swarm.rows {row} kind=prefill",
            "skein.swarm.sessions {session} role=coordinator,outcome=closed",
            "skein.swarm.sessions {session} role=stage,outcome=closed",
            "skein.swarm.step.duration s kind=decode",
            "skein.swarm.step.duration s kind=prefill",
        ];
        await Eventually.TrueAsync(() => expected.All(seen.ContainsKey), () => $"not seen: {string.Join("; ", expected.Except(seen.Keys))}");

        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = new List<string>();
            foreach (var (key, value) in tags)
            {
                text.Add($"{key}={value}");
            }

            seen[$"{instrument.Name} {instrument.Unit} {string.Join(',', text)}"] = 0;
        }
    }
}
