using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Skein.Engine.Native;

namespace Skein.Engine.Library;

/// <summary>Catches what llama.cpp logs, so that nothing of it reaches the terminal.</summary>
/// <remarks>
/// llama.cpp logs on the thread that called it, so warnings and errors are kept per thread and a failed call can say what was logged meanwhile.
/// llama.cpp's log is process-wide, and so is <see cref="Sink"/>.
/// </remarks>
public static unsafe class NativeLog
{
    // What a person can read in one error message.
    private const int KeptLines = 8;
    private const int MaxLineLength = 400;

    [ThreadStatic]
    private static Queue<string>? _kept;

    [ThreadStatic]
    private static StringBuilder? _partial;

    [ThreadStatic]
    private static EngineLogLevel _level;

    private static volatile Action<EngineLogLevel, string>? _sink;

    /// <summary>Receives every complete line, on the thread that called llama.cpp: it must be quick and must not throw. Null drops them.</summary>
    public static Action<EngineLogLevel, string>? Sink
    {
        get => _sink;
        set => _sink = value;
    }

    /// <summary>Forgets what this thread kept.</summary>
    internal static void Begin() => _kept?.Clear();

    /// <summary>Warnings and errors that were logged on this thread since <see cref="Begin"/>, for the end of an error message.</summary>
    internal static string Kept() => _kept is { Count: > 0 } kept ? " llama.cpp said: " + string.Join(" | ", kept) : string.Empty;

    /// <summary>Routes llama.cpp's and ggml's log here.</summary>
    internal static void Attach()
    {
        Llama.LogSet(&OnLine, 0);
        Ggml.LogSet(&OnLine, 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLine(int level, byte* text, nint data)
    {
        try
        {
            // Level 5 continues the line before it; level 0 has no severity.
            if (level is >= 1 and <= 4)
            {
                _level = (EngineLogLevel)level;
            }

            Append(Marshal.PtrToStringUTF8((nint)text) ?? string.Empty);
        }
        catch (Exception)
        {
            // An exception must not unwind through native frames, and a log line is not worth the process.
        }
    }

    private static void Append(string text)
    {
        var partial = _partial ??= new StringBuilder();
        foreach (var character in text)
        {
            if (character == '\n')
            {
                Complete(partial.ToString().TrimEnd());
                partial.Clear();
            }
            else if (partial.Length < MaxLineLength)
            {
                partial.Append(character);
            }
        }
    }

    private static void Complete(string line)
    {
        if (line.Length == 0)
        {
            return;
        }

        if (_level >= EngineLogLevel.Warning)
        {
            var kept = _kept ??= new Queue<string>();
            if (kept.Count == KeptLines)
            {
                kept.Dequeue();
            }

            kept.Enqueue(line);
        }

        _sink?.Invoke(_level, line);
    }
}
