namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What one template may cost. A template comes out of a stranger's model file, so everything it can make grow ends somewhere.</summary>
internal static class JinjaLimits
{
    /// <summary>UTF-16 units of a template. The longest published ones have about 30,000.</summary>
    public const int TemplateLength = 256 * 1024;

    /// <summary>Nested statements and brackets while reading; each costs about 2 KiB of stack.</summary>
    public const int ParseDepth = 150;

    /// <summary>Nested evaluations while rendering, macro calls included; each costs a few hundred bytes of stack. Published templates stay below 60.</summary>
    public const int EvaluationDepth = 500;

    /// <summary>Nodes evaluated, values visited and blocks of text scanned: about a second of work. A conversation of 1,000 messages takes 100,000 to 250,000 with published templates.</summary>
    public const long Steps = 10_000_000;

    /// <summary>UTF-16 units of text made, intermediate results included: 128 MiB. A prompt of a million tokens has about 4 million.</summary>
    public const long Text = 64 * 1024 * 1024;

    /// <summary>Entries of lists and dictionaries made: about 64 MiB.</summary>
    public const long Items = 2_000_000;

    /// <summary>Nesting of messages, tools and variables; the JSON reader's own default.</summary>
    public const int InputDepth = 64;

    /// <summary>UTF-16 units of a template's own words that an error message repeats.</summary>
    public const int QuotedText = 500;

    /// <summary>Text that one step pays for scanning: a vectorised scan of so much costs about as much as evaluating a node.</summary>
    public const int TextPerStep = 64;
}
