namespace Skein.Engine.Lanes;

/// <summary>Something that computes in rounds and is run by one lane at a time: a stage, an edge.</summary>
internal interface IComputeWork
{
    /// <summary>Computes one round on the calling lane. Must not throw.</summary>
    /// <returns>Whether more is waiting: the lane then queues it again, behind the others.</returns>
    bool ComputeRound();
}
