using CsCheck;
using Skein.Core.Identity;
using Skein.Swarm.Codecs;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Wire;

public sealed class FrameHeaderTests
{
    private static readonly Gen<FrameHeader> Headers =
        from session in Gen.ULong
        from hop in Gen.Int[0, WireLimits.MaxHops]
        from epoch in Gen.UInt
        from step in Gen.UInt
        from position in Gen.Int[0, WireLimits.MaxPosition]
        from truncate in Gen.UInt
        from rows in Gen.Int[1, WireLimits.MaxRows]
        from width in Gen.Int[1, 4096]
        from half in Gen.Bool
        from flags in Gen.Byte
        where (long)rows * width * (half ? 2 : 4) <= WireLimits.MaxPayload
        select new FrameHeader(new SessionId(session), hop, epoch, step, position, truncate, rows, width, half ? RowFormat.Float16 : RowFormat.Float32, (FrameFlags)flags);

    [Fact]
    public void TryRead_WhatWasWritten_GivesTheSame()
        => Headers.Sample(
            header =>
            {
                var frame = new byte[FrameHeader.Size + header.PayloadBytes];
                header.Write(frame);
                Assert.True(FrameHeader.TryRead(frame, out var read));
                Assert.Equal(header, read);
            },
            iter: 200);

    [Theory]
    [InlineData(0, "length")]
    [InlineData(4, "version")]
    [InlineData(5, "type")]
    [InlineData(6, "format")]
    [InlineData(40, "rows")]
    [InlineData(44, "width")]
    public void TryRead_FieldOutOfRange_IsRefused(int offset, string field)
    {
        var header = new FrameHeader(new SessionId(1), 0, 0, 0, 0, FrameHeader.NoTruncation, 1, 4, RowFormat.Float32, FrameFlags.None);
        var frame = new byte[FrameHeader.Size + header.PayloadBytes];
        header.Write(frame);
        frame[offset] = 200;

        Assert.False(FrameHeader.TryRead(frame, out _), field);
    }

    [Fact]
    public void TryRead_AbsurdCounts_AreRefusedBeforeAnythingIsAllocated()
    {
        var frame = new byte[FrameHeader.Size];
        var header = new FrameHeader(new SessionId(1), 0, 0, 0, 0, 0, 1, 4, RowFormat.Float32, FrameFlags.None);
        header.Write(frame);
        frame.AsSpan(40).Fill(0xFF);
        frame.AsSpan(0, 4).Fill(0xFF);

        Assert.False(FrameHeader.TryRead(frame, out _));
        Assert.False(WireEnvelope.TryRead(frame, out _));
    }

    [Fact]
    public void Checksum_EveryFlippedBit_IsNoticed()
    {
        var header = new FrameHeader(new SessionId(1), 0, 0, 0, 0, 0, 1, 4, RowFormat.Float32, FrameFlags.None);
        var frame = new byte[FrameHeader.Size + header.PayloadBytes];
        header.Write(frame);
        var right = FrameHeader.Checksum(frame.AsSpan(0, FrameHeader.Size), frame.AsSpan(FrameHeader.Size));

        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            if (bit / 8 is >= FrameHeader.ChecksumOffset and < FrameHeader.Size)
            {
                continue;
            }

            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(right, FrameHeader.Checksum(frame.AsSpan(0, FrameHeader.Size), frame.AsSpan(FrameHeader.Size)));
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Crc32C_KnownAnswer_OfRfc3720()
    {
        Assert.Equal(0xE3069283u, Crc32C.Finish(Crc32C.Append(Crc32C.Start, "123456789"u8)));
        Assert.Equal(0x8A9136AAu, Crc32C.Finish(Crc32C.Append(Crc32C.Start, new byte[32])));
    }
}
