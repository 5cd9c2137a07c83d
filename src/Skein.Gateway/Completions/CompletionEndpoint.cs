using Skein.Core.Generation;
using Skein.Gateway.Errors;
using Skein.Gateway.Hosting;
using Skein.Gateway.Replies;
using Skein.Gateway.Requests;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Completions;

/// <summary><c>POST /v1/completions</c>. Thread-safe.</summary>
internal sealed class CompletionEndpoint(GatewayOptions options, ServedModels models, AdmissionGate gate, ReplyRunner runner, TimeProvider time)
{
    // OpenAI's own default and bound.
    private const int DefaultMaxTokens = 16;
    private const int MaxLogprobs = 5;

    public async Task HandleAsync(HttpContext context)
    {
        using var entry = gate.Enter();
        var job = await RequestBody.ReadAsync(context, options, time, Read);
        await runner.RunAsync(context, job);
    }

    private ReplyJob Read(RequestFields fields)
    {
        var model = ModelField.Read(fields, models);
        var prompts = TextPrompt.Read(fields, model.Tokenizer, options.MaxRepliesPerRequest);
        var sampling = SamplingFields.Read(fields, model.Tokenizer.VocabularySize, ResponseFormatField.Grammar(fields));
        var stops = SamplingFields.Stops(fields);
        var logprobs = fields.Integer("logprobs", 0, MaxLogprobs);
        var asked = fields.Integer("max_tokens", 1, int.MaxValue) ?? DefaultMaxTokens;
        var stream = StreamFields.Read(fields);
        var echo = fields.Flag("echo") ?? false;
        var each = fields.Integer("n", 1, options.MaxRepliesPerRequest) ?? 1;
        if (prompts.Count * each > options.MaxRepliesPerRequest)
        {
            throw ApiException.WrongValue("n", $"{prompts.Count} prompts times {each} replies are {prompts.Count * each}: at most {options.MaxRepliesPerRequest} are allowed.");
        }

        if (echo && logprobs is not null)
        {
            throw ApiException.Unsupported("echo", "log probabilities of the prompt are not computed here; ask for 'echo' or for 'logprobs'.");
        }

        if (fields.Text("suffix") is { Length: > 0 })
        {
            throw ApiException.Unsupported("suffix", "text can only be continued here, not filled in.");
        }

        if ((fields.Integer("best_of", 1, int.MaxValue) ?? each) != each)
        {
            throw ApiException.Unsupported("best_of", "every reply is returned here: leave it out or set it to 'n'.");
        }

        var replies = new List<ReplyRequest>();
        foreach (var prompt in prompts)
        {
            var generation = new GenerationRequest
            {
                Prompt = prompt.Tokens,
                MaxTokens = PromptTokens.Room(asked, asked, prompt.Tokens.Length, model.ContextLength, "prompt"),
                Sampling = sampling,
                TopLogprobs = logprobs,
            };
            for (var i = 0; i < each; i++)
            {
                replies.Add(new ReplyRequest(replies.Count, model, SamplingFields.WithSeedOf(generation, replies.Count), stops, echo ? prompt.Text : string.Empty));
            }
        }

        return new ReplyJob(
            model,
            replies,
            prompts.Sum(prompt => prompt.Tokens.Length),
            new TextFormat(RequestId.Create("cmpl-"), time.GetUtcNow(), model.Name, model.Tokenizer, logprobs is not null),
            stream.Stream,
            stream.IncludeUsage,
            fields.Flag("x_skein") ?? false);
    }
}
