using Skein.Engine.ChatTemplates;
using Skein.Gateway.Errors;
using Skein.Swarm.Errors;

namespace Skein.Gateway.Tests.Hosting;

public sealed class FailureTests
{
    [Theory]
    [InlineData(SwarmError.KvBudgetExhausted)]
    [InlineData(SwarmError.TooManySessions)]
    [InlineData(SwarmError.ChainIncomplete)]
    [InlineData(SwarmError.PeerLost)]
    [InlineData(SwarmError.NoProgress)]
    [InlineData(SwarmError.ConnectFailed)]
    public void Swarm_ShortOfRoomOrPeers_IsUnavailableForAWhile(SwarmError error)
    {
        var known = Failures.From(new SwarmException(error, "blocks 10..19 are missing", TimeSpan.FromSeconds(7)));
        var unknown = Failures.From(new SwarmException(error, "blocks 10..19 are missing"));

        Assert.Equal((503, TimeSpan.FromSeconds(7)), (known.Status, known.RetryAfter));
        Assert.Equal("blocks 10..19 are missing", known.Error.Message);
        Assert.StartsWith("swarm.", known.Error.Code);
        Assert.True(unknown.RetryAfter > TimeSpan.Zero);
    }

    [Fact]
    public void Swarm_WithTooSmallStages_IsAContextError()
    {
        var failure = Failures.From(new SwarmException(SwarmError.ContextTooLong, "needs 9000 positions; the nodes hold 4096"));

        Assert.Equal((400, "context_length_exceeded"), (failure.Status, failure.Error.Code));
    }

    [Theory]
    [InlineData(SwarmError.Internal)]
    [InlineData(SwarmError.ComputeFailed)]
    [InlineData(SwarmError.ChecksumMismatch)]
    public void Swarm_Broken_IsAServerErrorWithoutRetry(SwarmError error)
    {
        var failure = Failures.From(new SwarmException(error, "it broke"));

        Assert.Equal((500, null, "server_error"), (failure.Status, failure.RetryAfter, failure.Error.Type));
    }

    [Fact]
    public void Template_RefusingTheConversation_IsTheRequestsFault()
    {
        var failure = Failures.From(new ChatTemplateException(ChatTemplateError.Raised, "Roles must alternate."));

        Assert.Equal((400, "messages", "chat_template.raised"), (failure.Status, failure.Error.Param, failure.Error.Code));
        Assert.Equal("Roles must alternate.", failure.Error.Message);
    }

    [Fact]
    public void Anything_Unexpected_SaysNothingOfItself()
    {
        foreach (var surprise in new Exception[] { new InvalidOperationException("secret"), new ArgumentNullException("secret"), new IOException("secret") })
        {
            var failure = Failures.From(surprise);

            Assert.Equal((500, "internal_error"), (failure.Status, failure.Error.Code));
            Assert.DoesNotContain("secret", failure.Error.Message);
        }
    }
}
