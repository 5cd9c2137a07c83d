using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Skein.Lab.Errors;

namespace Skein.Lab.Kernel;

/// <summary>A network interface whose other end is this process: what the kernel sends to it is read here, what is written here the kernel receives.</summary>
/// <remarks>The interface dies with its handle, so a crash leaves none. Not thread-safe.</remarks>
internal sealed class TunDevice : IDisposable
{
    private const nuint SetInterface = 0x400454CA;
    private const short PlainPackets = 0x0001 | 0x1000; // IFF_TUN without the four bytes of packet information
    private const int NameLength = 16;
    private const int RequestLength = 40;

    private readonly SafeFileHandle _handle;

    private TunDevice(SafeFileHandle handle, string name)
    {
        _handle = handle;
        Name = name;
    }

    /// <summary>Name that the kernel chose; it may be changed later without harm.</summary>
    public string Name { get; }

    /// <summary>Number of the open file, for waiting on it.</summary>
    public int File => (int)_handle.DangerousGetHandle();

    /// <summary>Makes a new interface in the network namespace of this process; it can then be moved to another.</summary>
    /// <exception cref="LabException"><see cref="LabError.Requirement"/>: no right to, or no TUN driver.</exception>
    public static TunDevice Create()
    {
        var file = LinuxCalls.Open("/dev/net/tun\0"u8.ToArray(), LinuxCalls.ReadWrite | LinuxCalls.NonBlocking | LinuxCalls.CloseOnExec);
        if (file < 0)
        {
            throw Failure("open /dev/net/tun");
        }

        var handle = new SafeFileHandle(file, ownsHandle: true);
        var request = new byte[RequestLength];
        Encoding.ASCII.GetBytes("skl%d", request);
        BitConverter.TryWriteBytes(request.AsSpan(NameLength), PlainPackets);
        if (LinuxCalls.Ioctl(handle, SetInterface, request) < 0)
        {
            var failure = Failure("make a network interface");
            handle.Dispose();
            throw failure;
        }

        return new TunDevice(handle, Encoding.ASCII.GetString(request.AsSpan(0, request.AsSpan().IndexOf((byte)0))));
    }

    /// <summary>Takes the next packet that the kernel sent.</summary>
    /// <returns>Its length; zero when there is none, or the interface is down or gone.</returns>
    public int Read(Span<byte> buffer)
    {
        var count = LinuxCalls.Read(_handle, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
        return count > 0 ? (int)count : 0;
    }

    /// <summary>Gives the kernel a packet; false when it did not take it, as from an interface that is down.</summary>
    public bool Write(ReadOnlySpan<byte> packet) =>
        LinuxCalls.Write(_handle, ref MemoryMarshal.GetReference(packet), (nuint)packet.Length) == packet.Length;

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static LabException Failure(string what) => new(
        LabError.Requirement,
        $"Could not {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}. The laboratory needs root and the kernel's TUN driver.");
}
