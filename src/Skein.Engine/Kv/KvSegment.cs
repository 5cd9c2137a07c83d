namespace Skein.Engine.Kv;

/// <summary>Rows of one step that lie in neighbouring cells.</summary>
/// <param name="Step">Index of the step.</param>
/// <param name="Row">First row within the step.</param>
/// <param name="Count">Rows.</param>
/// <param name="Cell">Cell of the first row; meaningless where cells are not placed.</param>
internal readonly record struct KvSegment(int Step, int Row, int Count, int Cell);
