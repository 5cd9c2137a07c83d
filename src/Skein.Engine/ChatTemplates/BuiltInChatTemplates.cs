namespace Skein.Engine.ChatTemplates;

/// <summary>Formats that stand in where a model brings none.</summary>
internal static class BuiltInChatTemplates
{
    /// <summary>ChatML, the format behind most open models: for models whose vocabulary has its markers.</summary>
    public const string ChatMl =
        """
        {%- for message in messages -%}
        {{ '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
        {{ '<|im_start|>assistant\n' }}
        {%- endif -%}
        """;

    /// <summary>The markers of <see cref="ChatMl"/>.</summary>
    public static readonly string[] ChatMlMarkers = ["<|im_start|>", "<|im_end|>"];
}
