namespace Skein.Engine.Kv;

/// <summary>A run of cells that belongs to one sequence at a time; forks may share what is written in it.</summary>
internal sealed class KvPage(int index, int size)
{
    /// <summary>Which of the pages, in the order of their cells.</summary>
    public int Index { get; } = index;

    /// <summary>Position that the first cell stands for, while the page is listed: cell i holds position <c>Base + i</c>.</summary>
    public int Base { get; set; }

    /// <summary>Sequences that list the page.</summary>
    public int Listed { get; set; }

    /// <summary>Sequences that hold each cell.</summary>
    public int[] Users { get; } = new int[size];

    /// <summary>Sum of <see cref="Users"/>.</summary>
    public int Used { get; set; }

    /// <summary>Whether any sequence may take it.</summary>
    public bool IsFree => Listed == 0 && Used == 0;
}
