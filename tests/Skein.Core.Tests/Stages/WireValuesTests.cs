using Skein.Core.Stages;

namespace Skein.Core.Tests.Stages;

/// <summary>Values that travel between peers. If a test here fails, add a value; never edit one.</summary>
public sealed class WireValuesTests
{
    [Fact]
    public void StageError_Values_AreFrozen()
        => Assert.Equal(
            "Internal=0 KvBudgetExhausted=1 TooManySequences=2 SequenceFull=3 BadShape=4 BadPosition=5 NotFinite=6 Busy=7 Poisoned=8 Closed=9 ComputeFailed=10",
            string.Join(' ', Enum.GetValues<StageError>().Select(e => $"{e}={(byte)e}")));

    [Fact]
    public void StepKind_Values_AreFrozen()
        => Assert.Equal("Decode=0 Prefill=1", string.Join(' ', Enum.GetValues<StepKind>().Select(e => $"{e}={(byte)e}")));
}
