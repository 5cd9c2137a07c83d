namespace Skein.Engine.Kv;

/// <summary>The cells of llama.cpp's KV memory, in every file of a stage at once. One thread at a time.</summary>
/// <remarks>
/// llama.cpp chooses cells itself: the first empty ones, searching upwards from a cursor that moves down whenever a lower cell is freed. That is all that is known
/// of it here, and the tests' stand-in implements just that.
/// </remarks>
internal interface IKvMemory
{
    /// <summary>The most rows in one <see cref="Place"/>.</summary>
    int MaxRows { get; }

    /// <summary>Forgets positions <c>[first, end)</c> of a sequence; cells that no sequence holds any more are empty.</summary>
    void Remove(int sequence, int first, int end);

    /// <summary>Lets another sequence hold the cells of positions <c>[first, end)</c> too.</summary>
    void Copy(int source, int destination, int first, int end);

    /// <summary>Gives rows cells without computing anything.</summary>
    /// <exception cref="Skein.Core.Stages.StageException">llama.cpp refused: the cells are no longer what was planned.</exception>
    void Place(IReadOnlyList<KvRow> rows);
}
