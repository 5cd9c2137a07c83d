using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

public sealed class ReceiveBufferTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AppendAndRead_AtRandom_IsAQueueOfBytes(int seed)
    {
        var random = new Random(seed);
        var buffer = default(ReceiveBuffer);
        var model = new Queue<byte>();
        for (var step = 0; step < 400; step++)
        {
            if (random.Next(2) == 0)
            {
                var data = new byte[random.Next(0, 50_000)];
                random.NextBytes(data);
                buffer.Append(data);
                foreach (var value in data)
                {
                    model.Enqueue(value);
                }
            }
            else
            {
                var target = new byte[random.Next(0, 80_000)];
                var count = buffer.Read(target);
                Assert.Equal(Math.Min(target.Length, model.Count), count);
                for (var i = 0; i < count; i++)
                {
                    Assert.Equal(model.Dequeue(), target[i]);
                }
            }

            Assert.Equal(model.Count, buffer.Count);
        }

        buffer.Clear();
        Assert.Equal(0, buffer.Read(new byte[10]));
        buffer.Append([1, 2]);
        Assert.Equal(2, buffer.Count);
    }
}
