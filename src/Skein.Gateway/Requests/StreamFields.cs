using Skein.Gateway.Errors;

namespace Skein.Gateway.Requests;

/// <summary>How the client wants the answer.</summary>
/// <param name="Stream">Piece by piece.</param>
/// <param name="IncludeUsage">A stream ends with what the request cost.</param>
internal readonly record struct StreamFields(bool Stream, bool IncludeUsage)
{
    public static StreamFields Read(RequestFields fields)
    {
        var stream = fields.Flag("stream") ?? false;
        var options = fields.Object("stream_options");
        if (options is not null && !stream)
        {
            throw ApiException.WrongValue("stream_options", "it is only allowed together with 'stream': true.");
        }

        return new StreamFields(stream, options?.Flag("include_usage") ?? false);
    }
}
