using Skein.P2P.Errors;
using Skein.P2P.Negotiation;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Negotiation;

public sealed class MultistreamSelectTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void EncodeLine_KnownLines_GivesVectors()
    {
        Assert.Equal("036e610a", Convert.ToHexStringLower(MultistreamSelect.EncodeLine("na")));
        Assert.Equal("132f6d756c746973747265616d2f312e302e300a", Convert.ToHexStringLower(MultistreamSelect.EncodeLine(MultistreamSelect.Header)));
        Assert.True(MultistreamSelect.TryReadLine(MultistreamSelect.EncodeLine("/noise"), out var text, out var consumed));
        Assert.Equal("/noise", text);
        Assert.Equal(8, consumed);
    }

    [Fact]
    public void EncodeLine_TooLong_Refuses() => Assert.Throws<P2PException>(() => MultistreamSelect.EncodeLine(new string('x', 1024)));

    [Fact]
    public async Task Propose_SecondIsSpoken_AgreesOnIt()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var answer = MultistreamSelect.AnswerAsync(far, id => id == "/b", () => ["/b"], None);

        Assert.Equal("/b", await MultistreamSelect.ProposeAsync(near, ["/a", "/b"], None).Within("agreement"));
        Assert.Equal("/b", await answer.Within("the listener's agreement"));
    }

    [Fact]
    public async Task Propose_NoneIsSpoken_SaysWhich()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var answer = MultistreamSelect.AnswerAsync(far, _ => false, () => [], None);

        var fault = await Assert.ThrowsAsync<P2PException>(() => MultistreamSelect.ProposeAsync(near, ["/a"], None).Within("refusal"));
        near.Dispose();

        Assert.Equal(P2PError.ProtocolNotSupported, fault.Error);
        Assert.Contains("/a", fault.Message, StringComparison.Ordinal);
        Assert.Null(await answer.Within("the listener's end"));
    }

    [Fact]
    public async Task Answer_OptimisticRequestBehindTheProposal_IsLeftInTheStream()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        await near.WriteAsync((byte[])[.. MultistreamSelect.EncodeProposal("/p"), 1, 2, 3]);

        Assert.Equal("/p", await MultistreamSelect.AnswerAsync(far, id => id == "/p", () => ["/p"], None).Within("agreement"));
        var rest = new byte[3];
        await far.ReadExactlyAsync(rest).Within("the request");
        Assert.Equal([1, 2, 3], rest);
        await MultistreamSelect.ReadOptimisticAnswerAsync(near, "/p", None).Within("the answer");
    }

    [Fact]
    public async Task Answer_DiallerThatWaitsForOurHeader_GetsItFirst()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var answer = MultistreamSelect.AnswerAsync(far, id => id == "/p", () => ["/p"], None);
        await near.WriteAsync(MultistreamSelect.EncodeLine(MultistreamSelect.Header));
        var header = new byte[20];

        await near.ReadExactlyAsync(header).Within("the header");
        await near.WriteAsync(MultistreamSelect.EncodeLine("/p"));

        Assert.Equal(MultistreamSelect.EncodeLine(MultistreamSelect.Header), header);
        Assert.Equal("/p", await answer.Within("agreement"));
    }

    [Fact]
    public async Task Answer_List_NamesProtocols()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var answer = MultistreamSelect.AnswerAsync(far, id => id == "/p", () => ["/p"], None);
        await near.WriteAsync((byte[])[.. MultistreamSelect.EncodeProposal("ls"), .. MultistreamSelect.EncodeLine("/p")]);
        var expected = (byte[])[.. MultistreamSelect.EncodeLine(MultistreamSelect.Header), 5, 3, (byte)'/', (byte)'p', 10, 10, .. MultistreamSelect.EncodeLine("/p")];
        var read = new byte[expected.Length];

        await near.ReadExactlyAsync(read).Within("the list");

        Assert.Equal(expected, read);
        Assert.Equal("/p", await answer.Within("agreement"));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0013/multistream/9.9.9\n")]
    [InlineData("\0\0\0\0")]
    [InlineData("\u0002ab")]
    public async Task Answer_Garbage_RefusesByName(string bytes)
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        await near.WriteAsync(System.Text.Encoding.UTF8.GetBytes(bytes));
        near.Dispose();

        var fault = await Assert.ThrowsAsync<P2PException>(() => MultistreamSelect.AnswerAsync(far, _ => true, () => [], None).Within("refusal"));
        Assert.Equal(P2PError.Malformed, fault.Error);
    }

    [Fact]
    public async Task Answer_EndlessProposals_GivesUp()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var lines = new List<byte>(MultistreamSelect.EncodeLine(MultistreamSelect.Header));
        for (var i = 0; i < 20; i++)
        {
            lines.AddRange(MultistreamSelect.EncodeLine($"/p{i}"));
        }

        await near.WriteAsync(lines.ToArray());

        var fault = await Assert.ThrowsAsync<P2PException>(() => MultistreamSelect.AnswerAsync(far, _ => false, () => [], None).Within("refusal"));
        Assert.Equal(P2PError.LimitReached, fault.Error);
    }

    [Fact]
    public async Task Answer_LineOverTheLimit_RefusesBeforeReadingIt()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        await near.WriteAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0x7F });

        var fault = await Assert.ThrowsAsync<P2PException>(() => MultistreamSelect.AnswerAsync(far, _ => false, () => [], None).Within("refusal"));
        Assert.Equal(P2PError.LimitReached, fault.Error);
    }
}
