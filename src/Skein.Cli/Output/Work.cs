using Skein.Models;
using Spectre.Console;

namespace Skein.Cli.Output;

/// <summary>Shows a progress bar on standard error while long work runs.</summary>
internal static class Work
{
    /// <summary>Runs work that counts bytes.</summary>
    /// <param name="title">What is going on.</param>
    /// <param name="work">Gets a reporter of (done, total) bytes.</param>
    public static async Task<T> WithBytesAsync<T>(string title, Func<IProgress<TransferProgress>, Task<T>> work)
    {
        if (Console.IsErrorRedirected)
        {
            // Nobody watches a pipe; a log full of percentages helps nobody.
            return await work(new Reporter<TransferProgress>(_ => { }));
        }

        T result = default!;
        await Terminal.Err.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(title));
                result = await work(new Reporter<TransferProgress>(p =>
                {
                    task.MaxValue = Math.Max(1, p.Total);
                    task.Value = p.Done;
                }));
            });
        return result;
    }

    /// <summary>Runs work that says what it does.</summary>
    public static async Task<T> WithTextAsync<T>(string title, Func<IProgress<string>, Task<T>> work)
        => Console.IsErrorRedirected
            ? await work(new Reporter<string>(_ => { }))
            : await Terminal.Err.Status().StartAsync(title, context => work(new Reporter<string>(text => context.Status(Markup.Escape(text)))));

    // Progress<T> posts to the thread pool, out of order; a bar must not run backwards.
    private sealed class Reporter<TValue>(Action<TValue> report) : IProgress<TValue>
    {
        public void Report(TValue value) => report(value);
    }
}
