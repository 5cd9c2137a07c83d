using System.Text.Json;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>The reports that programs read.</summary>
public sealed class ReportTests
{
    private static readonly string Tiny = Path.Combine(Repository.Shared, "fixtures", "gguf-tiny", "llama.gguf");

    [Fact]
    public async Task Parity_Json_HasEveryCodecAndWidth()
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync("parity", "--model", Tiny, "--cuts", "2,3", "--json");

        Assert.True(exitCode == 0, errors);
        using var report = JsonDocument.Parse(output);
        var codecs = report.RootElement.GetProperty("codecs").EnumerateArray().ToArray();
        Assert.Equal(["f32", "f16"], codecs.Select(codec => codec.GetProperty("codec").GetString()));
        Assert.Equal(0, codecs[0].GetProperty("max_abs_logit_difference").GetDouble());
        Assert.Equal(codecs[0].GetProperty("argmax_total").GetInt32(), codecs[0].GetProperty("argmax_equal").GetInt32());
        Assert.True(codecs[1].GetProperty("max_abs_logit_difference").GetDouble() > 0);
        Assert.Equal([1, 2, 5, 16], report.RootElement.GetProperty("widths").EnumerateArray().Select(width => width.GetProperty("width").GetInt32()));
        Assert.Equal([2, 8], report.RootElement.GetProperty("sequences").EnumerateArray().Select(entry => entry.GetProperty("sequences").GetInt32()));
        Assert.Equal(64, report.RootElement.GetProperty("decode_steps").GetInt32());
    }

    [Fact]
    public async Task BenchNet_Json_HoldsTheGatesThreefold()
    {
        // Three tries: what is measured shares the machine with the other tests.
        for (var left = 2; ; left--)
        {
            var (exitCode, output, errors) = await SkeinProcess.RunAsync("bench", "net", "--rounds", "1", "--messages", "60", "--json");

            Assert.True(exitCode == 0, errors);
            using var report = JsonDocument.Parse(output);
            var skein = report.RootElement.GetProperty("skein_to_skein");
            Assert.InRange(skein.GetProperty("allocated_bytes_per_message").GetDouble(), 0, 64);
            var decode = report.RootElement.GetProperty("decode");
            foreach (var name in new[] { "alone", "beside_bulk_two_connections", "beside_bulk_one_connection" })
            {
                // The line is 40 ms long, there and back.
                Assert.True(decode.GetProperty(name).GetProperty("p50_ms").GetDouble() >= 40, name);
            }

            Assert.InRange(decode.GetProperty("beside_bulk_two_connections").GetProperty("bulk_mbit").GetDouble(), 1, 21);
            if (skein.GetProperty("rtt_8k_p50_us").GetDouble() <= 3 * 120
                && skein.GetProperty("rtt_32k_p50_us").GetDouble() <= 3 * 180
                && skein.GetProperty("bulk_mib_per_second").GetDouble() >= 400.0 / 3
                && report.RootElement.GetProperty("relay_added_us").GetDouble() <= 3 * 80
                && report.RootElement.GetProperty("relay").GetProperty("bulk_mib_per_second").GetDouble() >= 200.0 / 3

                // js-libp2p is measured where the interop tests have installed it.
                && (report.RootElement.GetProperty("js_over_skein_rtt_8k") is not { ValueKind: JsonValueKind.Number } js || js.GetDouble() >= 2.0 / 3)
                && P99(decode, "beside_bulk_two_connections") <= 3 * P99(decode, "alone"))
            {
                return;
            }

            Assert.True(left > 0, output);
        }
    }

    private static double P99(JsonElement decode, string way) => decode.GetProperty(way).GetProperty("p99_ms").GetDouble();

    [Fact]
    public async Task BenchEngine_Json_HasItsFields()
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync("bench", "engine", "--model", Tiny, "--runs", "3", "--tokens", "8", "--json");

        Assert.True(exitCode == 0, errors);
        using var report = JsonDocument.Parse(output);
        var whole = report.RootElement.GetProperty("whole_tokens_per_second").GetDouble();
        var chain = report.RootElement.GetProperty("chain_tokens_per_second").GetDouble();
        Assert.True(whole > 0 && chain > 0);
        Assert.Equal(chain / whole, report.RootElement.GetProperty("ratio").GetDouble(), tolerance: 1e-6);
        Assert.Equal((1e6 / chain) - (1e6 / whole), report.RootElement.GetProperty("per_step_overhead_us").GetDouble(), tolerance: 0.01);
        Assert.True(report.RootElement.GetProperty("handover_us").GetDouble() > 0);
    }
}
