namespace Skein.Models.Evaluation;

/// <summary>Text that evaluations start from, so that every machine measures the same thing.</summary>
internal static class EvaluationText
{
    /// <summary>Some two hundred tokens of English in most vocabularies.</summary>
    internal const string Prompt =
        """
        A skein is a length of yarn, wound so that it can be carried without tangling. Nobody spins it alone: one person shears, another cards, a third turns the
        wheel, and the thread that comes out at the end shows no seam where one pair of hands took over from the next. Machines can work like that. A large model is
        a stack of layers, and each layer only needs to know what the one below it said. Cut the stack anywhere, carry the numbers across a table or across an ocean,
        and the layer above cannot tell the difference, provided that not a single bit was lost on the way. That is the whole idea, and it is easy to say. The work
        lies in proving it: for every token, for every batch, for each of the eight people who happen to ask at the same moment, and for the machine that leaves
        in the middle of a sentence. In 1999 people lent the nights of their computers to search the sky for signals. What they learned about trust, about patience
        and about slow connections is still true, and most of it was learned the hard way.
        """;
}
