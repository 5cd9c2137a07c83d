using Skein.Engine.Tests.Parity;

[assembly: AssemblyFixture(typeof(TestModels))]
