using CsCheck;
using Skein.Engine.Stages;

namespace Skein.Engine.Tests.Stages;

public sealed class RowCheckTests
{
    [Fact]
    public void IsSane_OfAnyValues_EqualsTheDefinition()
        => Gen.Float.Array[0, 70].Sample(values =>
        {
            Assert.Equal(values.All(value => Math.Abs(value) <= RowCheck.MaxMagnitude), RowCheck.IsSane(values));
            Assert.Equal(values.All(float.IsFinite), RowCheck.IsFinite(values));
        });

    [Theory]
    [InlineData(float.NaN, false, false)]
    [InlineData(float.PositiveInfinity, false, false)]
    [InlineData(float.NegativeInfinity, false, false)]
    [InlineData(float.MaxValue, false, true)]
    [InlineData(-float.MaxValue, false, true)]
    [InlineData(RowCheck.MaxMagnitude, true, true)]
    [InlineData(-0f, true, true)]
    [InlineData(float.Epsilon, true, true)]
    public void Checks_OfOneValueAtAnyPlace_FindIt(float value, bool sane, bool finite)
    {
        for (var place = 0; place < 40; place++)
        {
            var values = new float[40];
            values[place] = value;
            Assert.Equal(sane, RowCheck.IsSane(values));
            Assert.Equal(finite, RowCheck.IsFinite(values));
        }
    }
}
