namespace Skein.Gguf.Tests.Slicing;

public sealed class BlockTensorNameTests
{
    [Theory]
    [InlineData("blk.0.attn_q.weight", 0, "attn_q.weight")]
    [InlineData("blk.29.ffn_down_exps.weight", 29, "ffn_down_exps.weight")]
    public void TryParse_BlockTensor_GivesBothParts(string name, int block, string part)
    {
        Assert.True(BlockTensorName.TryParse(name, out var parsed));
        Assert.Equal(new BlockTensorName(block, part), parsed);
        Assert.Equal(name, parsed.ToString());
    }

    [Theory]
    [InlineData("output_norm.weight")]
    [InlineData("blk")]
    [InlineData("blk.")]
    [InlineData("blk.1")]
    [InlineData("blk.1.")]
    [InlineData("blk.01.attn_q.weight")]
    [InlineData("blk.-1.attn_q.weight")]
    [InlineData("blk.+1.attn_q.weight")]
    [InlineData("blk. 1.attn_q.weight")]
    [InlineData("blk.99999999999.attn_q.weight")]
    [InlineData("blk.x.attn_q.weight")]
    public void TryParse_Other_IsFalse(string name) => Assert.False(BlockTensorName.TryParse(name, out _));
}
