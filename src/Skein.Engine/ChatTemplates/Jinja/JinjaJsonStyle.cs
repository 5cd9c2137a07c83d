namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>How <c>tojson</c> lays JSON out; the defaults are those of Python's <c>json.dumps</c> with <c>ensure_ascii=False</c>.</summary>
/// <param name="Indent">Indentation of one level; null keeps everything on one line.</param>
/// <param name="ItemSeparator">Between entries.</param>
/// <param name="KeySeparator">Between name and value.</param>
/// <param name="SortsKeys">Whether names are sorted.</param>
/// <param name="EscapesNonAscii">Whether characters outside ASCII become escapes.</param>
internal sealed record JinjaJsonStyle(string? Indent = null, string ItemSeparator = ", ", string KeySeparator = ": ", bool SortsKeys = false, bool EscapesNonAscii = false);
