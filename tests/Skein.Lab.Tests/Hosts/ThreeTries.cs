using Xunit.Sdk;

namespace Skein.Lab.Tests.Hosts;

/// <summary>A measurement of milliseconds may be spoilt by whatever else the machine does: of three, one must hold.</summary>
internal static class ThreeTries
{
    public static async Task MeasureAsync(ITestOutputHelper output, Func<Task> measurement)
    {
        for (var left = 2; ; left--)
        {
            try
            {
                await measurement();
                return;
            }
            catch (XunitException failure) when (left > 0)
            {
                output.WriteLine($"spoilt, once more: {failure.Message.ReplaceLineEndings(" ")}");
            }
        }
    }
}
