using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Skein.Engine.Library;

/// <summary>Decides which of the packaged builds of llama.cpp this machine should load.</summary>
/// <remarks>
/// The packages lay them out as <c>runtimes/&lt;rid&gt;/native/&lt;variant&gt;</c>; a GPU package has its own variant name beside the CPU's.
/// AVX-512 is taken only with VNNI, VBMI, BW and F, because the packaged build uses all four: this is the rule of the packages' own loader.
/// </remarks>
internal static class NativeFolders
{
    /// <summary>Forces a variant by folder name, for tests and for comparing machines.</summary>
    internal const string VariantVariable = "SKEIN_CPU_VARIANT";

    // A GPU package is only there because somebody asked for it at build time, so it goes first.
    private static readonly string[] GpuVariants = ["cuda13", "cuda12", "vulkan"];

    /// <summary>The best variant for this processor.</summary>
    internal static CpuVariant Detect()
    {
        if (Avx512F.IsSupported && Avx512BW.IsSupported && Avx512Vbmi.IsSupported && HasAvx512Vnni())
        {
            return CpuVariant.Avx512;
        }

        if (Avx2.IsSupported)
        {
            return CpuVariant.Avx2;
        }

        return Avx.IsSupported ? CpuVariant.Avx : CpuVariant.NoAvx;
    }

    /// <summary>Folders to try, best first: (variant name, path). Only folders that exist.</summary>
    internal static IReadOnlyList<(string Variant, string Path)> Candidates(string baseDirectory, string? forced)
    {
        var native = Path.Combine(baseDirectory, "runtimes", RuntimeId(), "native");
        var names = new List<string>();
        if (!string.IsNullOrWhiteSpace(forced))
        {
            names.Add(forced);
        }
        else
        {
            names.AddRange(GpuVariants);
            for (var variant = Detect(); variant >= CpuVariant.NoAvx; variant--)
            {
                names.Add(FolderName(variant));
            }

            names.Add("rosetta2");
        }

        var found = new List<(string, string)>();
        foreach (var name in names)
        {
            // The name may come from the environment: it must stay a plain folder name.
            if (name == Path.GetFileName(name) && name is not ("." or "..") && Directory.Exists(Path.Combine(native, name)))
            {
                found.Add((name, Path.Combine(native, name)));
            }
        }

        // arm64 and macOS packages have one build, in the folder itself.
        if (string.IsNullOrWhiteSpace(forced) && Directory.Exists(native))
        {
            found.Add((RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(), native));
        }

        return found;
    }

    /// <summary>Name of a variant's folder in the package.</summary>
    internal static string FolderName(CpuVariant variant) => variant switch
    {
        CpuVariant.Avx512 => "avx512",
        CpuVariant.Avx2 => "avx2",
        CpuVariant.Avx => "avx",
        _ => "noavx",
    };

    /// <summary>The runtime identifier under which the packages file this system.</summary>
    internal static string RuntimeId()
    {
        var architecture = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.Arm64 => "arm64",
            _ => "x64",
        };
        if (OperatingSystem.IsWindows())
        {
            return "win-" + architecture;
        }

        if (OperatingSystem.IsMacOS())
        {
            return "osx-" + architecture;
        }

        var musl = RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);
        return (musl ? "linux-musl-" : "linux-") + architecture;
    }

    /// <summary>File name of a library on this system.</summary>
    internal static string FileName(string library)
    {
        if (OperatingSystem.IsWindows())
        {
            return library + ".dll";
        }

        return "lib" + library + (OperatingSystem.IsMacOS() ? ".dylib" : ".so");
    }

    private static bool HasAvx512Vnni()
    {
        // CPUID leaf 7, sub-leaf 0: ECX bit 11.
        var (_, _, ecx, _) = X86Base.CpuId(7, 0);
        return (ecx & (1 << 11)) != 0;
    }
}
