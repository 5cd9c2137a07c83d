using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Negotiation;
using Skein.P2P.Noise;
using Skein.P2P.Resources;
using Skein.P2P.Transports;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>Turns a raw connection into a secured, muxed one: multistream-select, Noise, and Yamux.</summary>
internal sealed class ConnectionUpgrader(P2PHostOptions options, TimeProvider time)
{
    private readonly ResourceBudget _budget = new(options.Limits);
    private readonly string[] _muxers = options.EarlyMuxer ? [YamuxConnection.Protocol] : [];
    private readonly DecodeActivity _decoding = new(time);

    /// <summary>Upgrades; closes the raw connection if it fails.</summary>
    /// <exception cref="P2PException">As <see cref="NoiseSecurity"/>; <see cref="P2PError.HandshakeFailed"/> if the connection was lost meanwhile.</exception>
    public async Task<P2PConnection> UpgradeAsync(RawConnection raw, bool outbound, PeerId? expected, Action<P2PConnection, YamuxStream> onStream, CancellationToken cancellationToken)
    {
        try
        {
            var session = outbound ? await DialledAsync(raw.Stream, expected, cancellationToken) : await AcceptedAsync(raw.Stream, cancellationToken);
            if (session.Muxer is null)
            {
                await AgreeOnMuxerAsync(session.Channel, outbound, cancellationToken);
            }

            if (expected is not null && session.RemoteKey.PeerId != expected)
            {
                // One that was dialled proves it within the handshake; one that arrives was announced by somebody.
                await session.Channel.DisposeAsync();
                throw new P2PException(P2PError.WrongPeer, $"{session.RemoteKey.PeerId} came where {expected} was announced.");
            }

            P2PConnection? connection = null;
            var muxer = new YamuxConnection(session.Channel, outbound, options.Yamux, time, stream => onStream(connection!, stream), _budget.Open(session.RemoteKey.PeerId, raw.RemoteIp), _decoding);
            connection = new P2PConnection(muxer, session.RemoteKey, raw, outbound, options.Limits.NegotiationTimeout, time);
            return connection;
        }
        catch (Exception fault)
        {
            await raw.Stream.DisposeAsync();
            if (fault is IOException or ObjectDisposedException)
            {
                throw new P2PException(P2PError.HandshakeFailed, $"The connection with {raw.Remote} was lost during the handshake.", fault);
            }

            throw;
        }
    }

    // The proposal of Noise and its first message travel together.
    private Task<NoiseSession> DialledAsync(Stream stream, PeerId? expected, CancellationToken cancellationToken)
        => NoiseSecurity.InitiateAsync(stream, options.Key, expected, _muxers, MultistreamSelect.EncodeProposal(NoiseSecurity.Protocol),
            answered => MultistreamSelect.ReadOptimisticAnswerAsync(answered, NoiseSecurity.Protocol, cancellationToken), cancellationToken);

    private async Task<NoiseSession> AcceptedAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (await MultistreamSelect.AnswerAsync(stream, protocol => protocol == NoiseSecurity.Protocol, () => [NoiseSecurity.Protocol], cancellationToken) is null)
        {
            throw new P2PException(P2PError.HandshakeFailed, "The other side closed the connection before it agreed on Noise.");
        }

        return await NoiseSecurity.RespondAsync(stream, options.Key, _muxers, cancellationToken);
    }

    private static async Task AgreeOnMuxerAsync(NoiseChannel channel, bool outbound, CancellationToken cancellationToken)
    {
        var stream = new NoiseStream(channel);
        var agreed = outbound
            ? await MultistreamSelect.ProposeAsync(stream, [YamuxConnection.Protocol], cancellationToken)
            : await MultistreamSelect.AnswerAsync(stream, protocol => protocol == YamuxConnection.Protocol, () => [YamuxConnection.Protocol], cancellationToken);
        if (agreed is null)
        {
            throw new P2PException(P2PError.HandshakeFailed, "The other side closed the connection before it agreed on a muxer.");
        }
    }
}
