using CsCheck;

namespace Skein.Gguf.Tests.Metadata;

public sealed class GgufMetadataTests
{
    private static readonly GgufMetadata Sample = new(
    [
        new("general.architecture", GgufValue.String("llama")),
        new("llama.block_count", GgufValue.UInt32(30)),
        new("signed", GgufValue.Int32(-1)),
        new("large", GgufValue.UInt64(ulong.MaxValue)),
        new("half", GgufValue.Float32(0.5f)),
        new("yes", GgufValue.Bool(true)),
        new("tokens", GgufValue.Array<string>("a", "b")),
        new("scores", GgufValue.Array<float>(1f)),
    ]);

    [Fact]
    public void Getters_RightType_GiveTheValue()
    {
        Assert.Equal("llama", Sample.Architecture);
        Assert.Equal(30u, Sample.GetUInt32("llama.block_count"));
        Assert.Equal(30, Sample.GetCount("llama.block_count"));
        Assert.Equal(30f, Sample.GetSingle("llama.block_count"));
        Assert.Equal(0.5f, Sample.GetSingle("half"));
        Assert.True(Sample.GetBool("yes"));
        Assert.Equal(["a", "b"], Sample.GetArray<string>("tokens").ToArray());
    }

    [Theory]
    [InlineData("signed")]
    [InlineData("large")]
    [InlineData("half")]
    [InlineData("yes")]
    [InlineData("tokens")]
    [InlineData("general.architecture")]
    public void GetUInt32_OtherTypeOrTooLarge_NamesKeyAndValue(string key)
    {
        var exception = Assert.Throws<GgufException>(() => Sample.GetUInt32(key));
        Assert.Equal(GgufError.WrongType, exception.Error);
        Assert.Contains(key, exception.Message, StringComparison.Ordinal);
        Assert.Equal("gguf.wrong_type", exception.Code);
    }

    [Fact]
    public void Getters_OtherType_AreRefused()
    {
        Action[] wrong =
        [
            () => Sample.GetString("yes"),
            () => Sample.GetSingle("tokens"),
            () => Sample.GetBool("half"),
            () => Sample.GetCount("large"),
            () => Sample.GetArray<int>("scores"),
            () => Sample.GetArray<string>("general.architecture"),
        ];
        Assert.All(wrong, get => Assert.Equal(GgufError.WrongType, Assert.Throws<GgufException>(get).Error));
    }

    [Fact]
    public void Getters_MissingKey_NameIt()
    {
        var exception = Assert.Throws<GgufException>(() => Sample.GetUInt32("llama.context_length"));
        Assert.Equal(GgufError.MissingKey, exception.Error);
        Assert.Contains("llama.context_length", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryGetters_MissingKey_AreFalseAndWrongTypeThrows()
    {
        Assert.False(Sample.TryGetUInt32("none", out _));
        Assert.False(Sample.TryGetString("none", out _));
        Assert.False(Sample.TryGetSingle("none", out _));
        Assert.False(Sample.TryGetBool("none", out _));
        Assert.False(Sample.TryGetArray<float>("none", out _));
        Assert.True(Sample.TryGetArray<float>("scores", out var scores));
        Assert.Equal([1f], scores.ToArray());
        Assert.Throws<GgufException>(() => Sample.TryGetUInt32("yes", out _));
    }

    [Fact]
    public void With_Properties_Hold()
        => Gen.Select(Arbitrary.Metadata, Gen.String[Gen.Char['a', 'z'], 1, 3], Arbitrary.Value).Sample((metadata, key, value) =>
        {
            var edited = metadata.With(key, value);
            var existed = metadata.Contains(key);

            Assert.Equal(value, edited[key]);
            Assert.Equal(metadata.Count + (existed ? 0 : 1), edited.Count);
            Assert.Equal(metadata.Where(entry => entry.Key != key), edited.Where(entry => entry.Key != key));
            Assert.Equal(existed ? metadata.ToList().FindIndex(entry => entry.Key == key) : metadata.Count, edited.ToList().FindIndex(entry => entry.Key == key));
            Assert.False(!existed && metadata.Contains(key), "The original does not change.");
        });

    [Fact]
    public void Without_Properties_Hold()
        => Gen.Select(Arbitrary.Metadata, Gen.String[Gen.Char['a', 'z'], 1, 2]).Sample((metadata, prefix) =>
        {
            var edited = metadata.Without(prefix);
            Assert.Equal(metadata.Where(entry => !entry.Key.StartsWith(prefix, StringComparison.Ordinal)), edited);
        });

    [Fact]
    public void Constructor_DuplicateOrEmptyKey_IsRefused()
    {
        KeyValuePair<string, GgufValue> entry = new("k", GgufValue.Bool(true));
        Assert.Equal(GgufError.DuplicateKey, Assert.Throws<GgufException>(() => new GgufMetadata(entry, entry)).Error);
        Assert.Equal(GgufError.BadKey, Assert.Throws<GgufException>(() => new GgufMetadata(new KeyValuePair<string, GgufValue>(string.Empty, GgufValue.Bool(true)))).Error);
    }
}
