using Skein.Gateway.Errors;

namespace Skein.Gateway.Replies;

/// <summary>Sends what was written, and cuts off a client that does not read.</summary>
internal static class BoundedFlush
{
    /// <summary>Waits until the server took what was written; it holds a bounded amount for a client that reads slowly.</summary>
    /// <param name="context">The request.</param>
    /// <param name="timeout">How long the client may leave a write unread.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClientGoneException">The client left or did not read.</exception>
    public static async ValueTask FlushAsync(HttpContext context, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var flush = context.Response.BodyWriter.FlushAsync(cancellationToken);
        try
        {
            var result = flush.IsCompleted ? await flush : await flush.AsTask().WaitAsync(timeout, time, cancellationToken);
            if (!result.IsCompleted && !result.IsCanceled)
            {
                return;
            }
        }
        catch (TimeoutException e)
        {
            // Its connection is worth nothing any more; what it holds, here and in the stages, is.
            context.Abort();
            throw new ClientGoneException($"The client read nothing for {timeout.TotalSeconds:0} s and was cut off.", e);
        }

        throw new ClientGoneException("The client left.");
    }
}
