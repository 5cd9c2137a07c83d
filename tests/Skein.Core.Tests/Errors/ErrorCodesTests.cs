using Skein.Core.Errors;
using Skein.Core.Stages;

namespace Skein.Core.Tests.Errors;

public sealed class ErrorCodesTests
{
    [Fact]
    public void From_PascalCase_WritesSnakeCaseBehindTheArea()
        => Assert.Equal("stage.kv_budget_exhausted", ErrorCodes.From("stage", StageError.KvBudgetExhausted));

    [Fact]
    public void StageException_Code_FollowsItsError()
        => Assert.Equal("stage.not_finite", new StageException(StageError.NotFinite, "row 3 holds NaN").Code);
}
