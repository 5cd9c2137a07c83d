using Skein.Core.Generation;
using Skein.Gateway.Errors;
using Skein.Gateway.Hosting;
using Skein.Gateway.Replies;
using Skein.Gateway.Requests;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Chat;

/// <summary><c>POST /v1/chat/completions</c>. Thread-safe.</summary>
internal sealed class ChatEndpoint(GatewayOptions options, ServedModels models, AdmissionGate gate, ReplyRunner runner, TimeProvider time)
{
    private const int MaxTopLogprobs = 20;

    public async Task HandleAsync(HttpContext context)
    {
        using var entry = gate.Enter();
        var job = await RequestBody.ReadAsync(context, options, time, Read);
        await runner.RunAsync(context, job);
    }

    private ReplyJob Read(RequestFields fields)
    {
        var model = ModelField.Read(fields, models);
        if (model.ChatPrompt is not { } template)
        {
            throw ApiException.NoChatTemplate(model.Name);
        }

        var messages = ChatMessages.Read(fields, options.MaxMessages);
        var tools = ChatMessages.Tools(fields);
        RefuseUnsupported(fields);
        var sampling = SamplingFields.Read(fields, model.Tokenizer.VocabularySize, ResponseFormatField.Grammar(fields));
        var stops = SamplingFields.Stops(fields);
        var topLogprobs = TopLogprobs(fields);
        var replies = fields.Integer("n", 1, options.MaxRepliesPerRequest) ?? 1;
        var asked = fields.Integer("max_completion_tokens", 1, int.MaxValue) ?? fields.Integer("max_tokens", 1, int.MaxValue);
        var stream = StreamFields.Read(fields);

        var prompt = PromptTokens.OfChat(model, template, messages, tools);
        var generation = new GenerationRequest
        {
            Prompt = prompt,
            MaxTokens = PromptTokens.Room(asked, options.DefaultMaxTokens, prompt.Length, model.ContextLength, "messages"),
            Sampling = sampling,
            TopLogprobs = topLogprobs,
        };
        return new ReplyJob(
            model,
            [.. Enumerable.Range(0, replies).Select(index => new ReplyRequest(index, model, SamplingFields.WithSeedOf(generation, index), stops))],
            prompt.Length,
            new ChatFormat(RequestId.Create("chatcmpl-"), time.GetUtcNow(), model.Name, model.Tokenizer, topLogprobs is not null),
            stream.Stream,
            stream.IncludeUsage,
            fields.Flag("x_skein") ?? false);
    }

    private static int? TopLogprobs(RequestFields fields)
    {
        var wanted = fields.Flag("logprobs") ?? false;
        var top = fields.Integer("top_logprobs", 0, MaxTopLogprobs);
        return top is > 0 && !wanted ? throw ApiException.WrongValue("top_logprobs", "it needs 'logprobs': true.") : wanted ? top ?? 0 : null;
    }

    // What would change the answer may not be ignored in silence.
    private static void RefuseUnsupported(RequestFields fields)
    {
        if (fields.TryGet("modalities", out var modalities) && modalities.ToString() is var list && list.Contains("audio", StringComparison.Ordinal))
        {
            throw ApiException.Unsupported("modalities", "models here write text only.");
        }

        if (fields.TryGet("audio", out _))
        {
            throw ApiException.Unsupported("audio", "models here write text only.");
        }
    }
}
