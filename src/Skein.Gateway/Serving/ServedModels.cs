using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Skein.Gateway.Serving;

/// <summary>The models that a gateway offers, by name. Thread-safe; models may come and go while requests run.</summary>
public sealed class ServedModels
{
    // Replaced as a whole, so a reader never sees half a change.
    private ImmutableDictionary<string, ServedModel> _models = ImmutableDictionary.Create<string, ServedModel>(StringComparer.Ordinal);

    /// <summary>Offers models.</summary>
    /// <exception cref="ArgumentException">Two have one name.</exception>
    public ServedModels(params IEnumerable<ServedModel> models)
    {
        foreach (var model in models)
        {
            Add(model);
        }
    }

    /// <summary>All models at this moment, in order of their names.</summary>
    public IReadOnlyList<ServedModel> All => [.. Volatile.Read(ref _models).Values.OrderBy(model => model.Name, StringComparer.Ordinal)];

    /// <summary>Offers one more model.</summary>
    /// <exception cref="ArgumentException">Its name is empty or taken.</exception>
    public void Add(ServedModel model)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(model.Name);
        if (!ImmutableInterlocked.TryAdd(ref _models, model.Name, model))
        {
            throw new ArgumentException($"A model named '{model.Name}' is served already.", nameof(model));
        }
    }

    /// <summary>Stops offering a model; replies that run go on.</summary>
    /// <returns>Whether it was offered.</returns>
    public bool Remove(string name) => ImmutableInterlocked.TryRemove(ref _models, name, out _);

    /// <summary>Finds a model by its exact name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out ServedModel? model) => Volatile.Read(ref _models).TryGetValue(name, out model);
}
