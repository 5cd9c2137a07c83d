// Runs one scenario of OpenAI's own client against a gateway and prints what it saw as one line of JSON.
//   node client.mjs <scenario> <base URL> <model> [key]
import OpenAI from "openai";

const [scenario, baseURL, model, apiKey = "none"] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "Capital of France?" }];

const seen = (error) => ({
  kind: error.constructor.name,
  isApiError: error instanceof OpenAI.APIError,
  status: error.status ?? null,
  code: error.code ?? null,
  param: error.param ?? null,
  type: error.type ?? null,
  message: error.message,
});

async function collect(stream, textOf) {
  const result = { text: "", finish: null, usage: null, error: null };
  try {
    for await (const chunk of stream) {
      for (const choice of chunk.choices) {
        result.text += textOf(choice) ?? "";
        result.finish ??= choice.finish_reason;
      }
      result.usage = chunk.usage ?? result.usage;
    }
  } catch (error) {
    result.error = seen(error);
  }
  return result;
}

const scenarios = {
  chat: async () => {
    const answer = await client.chat.completions.create({ model, messages });
    return { text: answer.choices[0].message.content, finish: answer.choices[0].finish_reason, usage: answer.usage, requestId: answer._request_id };
  },
  stream: async () =>
    collect(await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } }), (choice) => choice.delta.content),
  helper: async () => {
    const runner = client.chat.completions.stream({ model, messages });
    return { text: (await runner.finalChatCompletion()).choices[0].message.content };
  },
  json: async () => {
    const answer = await client.chat.completions.create({ model, messages, response_format: { type: "json_object" } });
    return { value: JSON.parse(answer.choices[0].message.content) };
  },
  completion: async () => collect(await client.completions.create({ model, prompt: "Once", stream: true }), (choice) => choice.text),
  models: async () => {
    const ids = [];
    for await (const item of client.models.list()) {
      ids.push(item.id);
    }
    return { ids, one: (await client.models.retrieve(model)).id };
  },
  failure: async () => {
    try {
      await client.chat.completions.create({ model, messages, temperature: 9 });
      return { error: null };
    } catch (error) {
      return { error: seen(error) };
    }
  },
  abort: async () => {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) {
        break;
      }
    }
    return { aborted: true };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
