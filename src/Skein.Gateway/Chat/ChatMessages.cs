using System.Text.Json;
using System.Text.Json.Nodes;
using Skein.Gateway.Errors;
using Skein.Gateway.Requests;

namespace Skein.Gateway.Chat;

/// <summary>Reads a conversation and brings it into the one shape that chat templates know.</summary>
internal static class ChatMessages
{
    private const int MaxTools = 128;
    private const int MaxContentParts = 1024;

    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool"];

    /// <summary>Reads <c>messages</c>: roles checked, parts of text joined, <c>developer</c> as <c>system</c>, arguments of tool calls as objects.</summary>
    public static JsonArray Read(RequestFields fields, int maxMessages)
    {
        var list = fields.List("messages", maxMessages) ?? throw ApiException.Missing("messages");
        var messages = new JsonArray();
        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            var path = $"messages[{index}]";
            messages.Add(item.ValueKind == JsonValueKind.Object ? Message(new RequestFields(item, path)) : throw ApiException.WrongType(path, "an object", RequestFields.KindOf(item)));
        }

        return messages;
    }

    /// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
    /// <returns>The tools that the template may show; null for none.</returns>
    public static JsonArray? Tools(RequestFields fields)
    {
        foreach (var old in (ReadOnlySpan<string>)["functions", "function_call"])
        {
            if (fields.TryGet(old, out _))
            {
                throw ApiException.Unsupported(old, "send 'tools' instead.");
            }
        }

        var choice = fields.TryGet("tool_choice", out var value)
            ? value.ValueKind == JsonValueKind.String ? RequestFields.TextOf(value, "tool_choice") : "an object"
            : "auto";
        if (choice is not ("auto" or "none"))
        {
            throw ApiException.Unsupported("tool_choice", "supported are 'auto' and 'none'; a model here cannot be forced to call a tool.");
        }

        if (fields.List("tools", MaxTools) is not { } list)
        {
            return null;
        }

        var tools = new JsonArray();
        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            var path = $"tools[{index}]";
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw ApiException.WrongType(path, "an object", RequestFields.KindOf(item));
            }

            var tool = new RequestFields(item, path);
            if (tool.RequiredText("type") != "function")
            {
                throw ApiException.Unsupported(tool.PathOf("type"), "supported is 'function'.");
            }

            (tool.Object("function") ?? throw ApiException.Missing(tool.PathOf("function"))).RequiredText("name");
            tools.Add(JsonCopy.Of(item, path));
        }

        return choice == "none" ? null : tools;
    }

    private static JsonObject Message(RequestFields fields)
    {
        var role = fields.RequiredText("role");
        if (!Roles.Contains(role, StringComparer.Ordinal))
        {
            throw ApiException.WrongValue(fields.PathOf("role"), $"expected one of {string.Join(", ", Roles.Select(known => $"'{known}'"))}.");
        }

        var message = new JsonObject { ["role"] = role == "developer" ? "system" : role };
        var calls = role == "assistant" && fields.List("tool_calls", MaxTools) is { } list ? ToolCalls(list, fields.PathOf("tool_calls")) : null;
        var content = Content(fields);
        if (content is null && calls is null)
        {
            throw ApiException.Missing(fields.PathOf("content"));
        }

        message["content"] = content ?? string.Empty;
        if (calls is not null)
        {
            message["tool_calls"] = calls;
        }

        foreach (var name in (ReadOnlySpan<string>)["name", "tool_call_id"])
        {
            if (fields.Text(name) is { } text)
            {
                message[name] = text;
            }
        }

        return message;
    }

    private static string? Content(RequestFields fields)
    {
        if (!fields.TryGet("content", out var value))
        {
            return null;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return RequestFields.TextOf(value, fields.PathOf("content"));
            case JsonValueKind.Array:
                var parts = new List<string>();
                foreach (var (index, item) in fields.List("content", MaxContentParts)!.Value.EnumerateArray().Index())
                {
                    var path = $"{fields.PathOf("content")}[{index}]";
                    if (item.ValueKind != JsonValueKind.Object)
                    {
                        throw ApiException.WrongType(path, "an object", RequestFields.KindOf(item));
                    }

                    var part = new RequestFields(item, path);
                    var type = part.RequiredText("type");
                    parts.Add(type == "text" ? part.RequiredText("text") : throw ApiException.Unsupported(part.PathOf("type"), "models here read text only, so every part must have the type 'text'."));
                }

                return string.Join('\n', parts);
            default:
                throw fields.WrongType("content", "a string or an array of text parts", value);
        }
    }

    private static JsonArray ToolCalls(JsonElement list, string listPath)
    {
        var calls = new JsonArray();
        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            var path = $"{listPath}[{index}]";
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw ApiException.WrongType(path, "an object", RequestFields.KindOf(item));
            }

            var call = new RequestFields(item, path);
            var function = call.Object("function") ?? throw ApiException.Missing(call.PathOf("function"));
            var arguments = function.RequiredText("arguments");
            calls.Add(new JsonObject
            {
                ["id"] = call.Text("id"),
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = function.RequiredText("name"), ["arguments"] = Arguments(arguments, function.PathOf("arguments")) },
            });
        }

        return calls;
    }

    // OpenAI carries arguments as text; templates were written for the object.
    private static JsonNode Arguments(string text, string path)
    {
        try
        {
            using var arguments = JsonDocument.Parse(text);
            return arguments.RootElement.ValueKind == JsonValueKind.Object ? JsonCopy.Of(arguments.RootElement, path)! : JsonValue.Create(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
