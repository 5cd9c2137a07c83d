// Each test starts processes that compute: side by side on two processors they would only wait for each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
