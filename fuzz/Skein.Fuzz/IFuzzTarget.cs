namespace Skein.Fuzz;

/// <summary>A decoder under fire. Implementations have a parameterless constructor, keep no state between runs, and say with <see cref="FuzzesAttribute"/> what they cover.</summary>
public interface IFuzzTarget
{
    /// <summary>Lower case, words joined by hyphens; also the name of the folder of its corpus.</summary>
    string Name { get; }

    /// <summary>Decodes <paramref name="data"/> and checks what must hold of the result.</summary>
    /// <remarks>Catches the exception type of the decoder's own area, which is how a decoder refuses. Whatever else leaves this method is a defect.</remarks>
    void Run(ReadOnlySpan<byte> data);
}
