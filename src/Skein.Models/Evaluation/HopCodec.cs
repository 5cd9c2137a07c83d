using System.Text.Json.Serialization;

namespace Skein.Models.Evaluation;

/// <summary>What a hop between stages does to rows.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HopCodec>))]
public enum HopCodec
{
    /// <summary>Four bytes a value, bit for bit.</summary>
    [JsonStringEnumMemberName("f32")]
    F32 = 0,

    /// <summary>Two bytes a value: each is rounded to half precision.</summary>
    [JsonStringEnumMemberName("f16")]
    F16 = 1,
}
