"""The process that generated code runs in; started by its path, never imported by anything.

    python -I -S -B solution.py CONFIGURATION      (inside the sandbox, control socket at descriptor 3)

A warm server: at each `start` on the control socket it takes the descriptor of a fresh stream, forks,
and the child shuts itself in (private folder, no capabilities, landlock, seccomp, limits), says `ready`,
and only then reads the program: what ends before `ready` is the sandbox's fault, what ends later the
program's. The server never sees a program, so that no sample can find another's text. At `end`, or
`gone` when its stream was closed, it kills whatever is left of the sample and answers how it ended.
Nothing that this process says can make a sample pass: it holds neither tests nor expected values.

Imports the standard library and `protocol`, which lies beside it.
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from specship.pipeline.humaneval import protocol
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib is slow
    import protocol

    del sys.path[0]

CONTROL = 3
_CHANNEL = 4
_RULES = 5
_GRACE = 0.5  # seconds for a process that has closed its stream to be seen to end
_SCRATCH = "/scratch/own"
_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_MOUNTS = 0x0002_0000
_SAFE_MOUNT = 2 | 4 | 8  # nosuid, nodev, noexec
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _SET_DUMPABLE, _SUBREAPER, _DEATH_SIGNAL = 38, 22, 4, 36, 1
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_ONLY = 1 << 2 | 1 << 3  # read files, list folders
_WARM = ("typing", "math", "collections", "re", "itertools", "functools", "heapq", "string", "copy")
"""Imported once for all samples: the less there is, the quicker is a fork."""


def _must(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _prepare_rules(abi: int, readable: list[str], writable: str) -> None:
    """Landlock: read the library, write the private folder, no TCP, no signal out, nothing else.

    Made once by the server. A sample mounts its folder inside the writable one, whose rule then covers
    it; a rule of the very folder that is mounted on would be hidden by the mount.
    """
    rights = (1 << (13 if abi < 2 else 14 if abi < 3 else 15 if abi < 5 else 16)) - 1
    attributes = struct.pack("=QQQ", rights, 3, 3)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    rules = _must(_LIBC.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0))
    for path, allowed in [(path, _READ_ONLY) for path in readable] + ([(writable, rights)] * bool(writable)):
        if not os.path.exists(path):  # noqa: PTH110
            continue
        opened = os.open(path, os.O_PATH)
        own = allowed if os.path.isdir(path) else allowed & 1 << 2  # noqa: PTH112
        _must(_LIBC.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", own, opened), 0))
        os.close(opened)
    os.dup2(rules, _RULES)
    os.close(rules)


def _filter_calls(program: bytes) -> None:
    steps = ctypes.create_string_buffer(program, len(program))
    whole = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(steps))
    _must(_LIBC.prctl(_SET_SECCOMP, 2, ctypes.c_char_p(whole), 0, 0))


def _limit(configuration: dict[str, Any]) -> None:
    limits = configuration["limits"]
    numbers = {
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_AS: limits["address_bytes"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["descriptors"],
        resource.RLIMIT_NPROC: limits["tasks"] + configuration["tasks_before"],
        resource.RLIMIT_CORE: 0,
    }
    for name, number in numbers.items():
        resource.setrlimit(name, (number, number))


def _shut_in(configuration: dict[str, Any], folder: str) -> None:
    """Everything that stands between this process and the world; each step raises when it fails."""
    limits = configuration["limits"]
    if configuration["namespaces"]:
        _must(_LIBC.unshare(_NEW_MOUNTS))
        size = f"size={limits['file_bytes']},nr_inodes={limits['inodes']},mode=700".encode()
        _must(_LIBC.mount(b"tmpfs", folder.encode(), b"tmpfs", _SAFE_MOUNT, size))
    os.chdir(folder)
    os.umask(0o077)
    _limit(configuration)
    if configuration["landlock_abi"] or configuration["seccomp"]:
        nothing = struct.pack("=6I", *[0] * 6)
        _must(_LIBC.capset(struct.pack("=Ii", 0x2008_0522, 0), nothing))
        _must(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    if configuration["landlock_abi"]:
        _must(_LIBC.syscall(_LANDLOCK_RESTRICT, _RULES, 0))
        os.close(_RULES)
    _must(_LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0))
    if configuration["seccomp"]:
        _filter_calls(configuration["seccomp"])


def _name_of(error: BaseException) -> str:
    with contextlib.suppress(BaseException):
        return str(type(error).__name__)[:80]
    return "exception"


def _fault(error: BaseException) -> list[str]:
    kind = "memory" if isinstance(error, MemoryError) else "raised"
    return [kind, _name_of(error)]


def _answer(call: list[Any], function: Any) -> bytes:
    """The body that answers one call."""
    number, arguments, keywords = call
    try:
        value = function(*arguments, **keywords)
    except BaseException as error:  # noqa: BLE001 - generated code may raise anything
        return protocol.encode([number, *_fault(error)])
    try:
        return protocol.encode([number, "value", value])
    except MemoryError:
        return protocol.encode([number, "memory", "MemoryError"])
    except BaseException as error:  # noqa: BLE001 - no plain value, or one whose methods raise
        return protocol.encode([number, "not plain", _name_of(error)])


def _serve_calls(channel: protocol.Channel, function: Any) -> None:
    """Answer calls until the judge closes the stream; an answer repeats the call's own number."""
    while True:
        channel.send_body(_answer(channel.receive(), function))


def _sample(descriptor: int, configuration: dict[str, Any], folder: str) -> None:
    """The life of one sample, in a process of its own; does not return to the server's loop."""
    channel = protocol.Channel(descriptor)
    try:
        _shut_in(configuration, folder)
    except (OSError, ValueError, OverflowError) as error:
        channel.send(["infra", f"{error} while shutting the process in"])
        return
    channel.send(["ready"])
    program, entry_point = channel.receive()
    names: dict[str, Any] = {"__name__": "solution", "__builtins__": __builtins__}
    try:
        exec(compile(program, "completion.py", "exec"), names)  # noqa: S102 - the purpose of this process
        function = names[entry_point]
    except BaseException as error:  # noqa: BLE001 - generated code may raise anything
        channel.send(_fault(error))
        return
    channel.send(["loaded"])
    _serve_calls(channel, function)


def _begin(descriptor: int, configuration: dict[str, Any], folder: str) -> int:
    process = os.fork()
    if process:
        return process
    try:
        os.setpgid(0, 0)
        if descriptor != _CHANNEL:
            os.dup2(descriptor, _CHANNEL)
        os.close(CONTROL)
        os.closerange(_RULES + 1, 1024)
        _sample(_CHANNEL, configuration, folder)
    except BaseException:  # noqa: BLE001, S110 - the judge sees the stream end
        pass
    finally:
        os._exit(0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _kill_rest(process: int, *, namespaces: bool) -> None:
    """Kill what the sample may have started: all of the namespace, or its group and all descendants."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if namespaces:
            os.kill(-1, signal.SIGKILL)  # process 1 of the namespace itself is not hit
        else:
            os.killpg(process, signal.SIGKILL)
    for child in [] if namespaces else _children():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGKILL)


def _ended(process: int, grace: float) -> tuple[bool, int, resource.struct_rusage]:
    """Whether the process ended by itself, looked at for so many seconds; then it is dead in any case."""
    until = time.monotonic() + grace
    while True:
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            return True, status, usage
        if time.monotonic() >= until:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
            _, status, usage = os.wait4(process, 0)
            return False, status, usage
        time.sleep(0.001)


def _end(process: int, *, grace: float, namespaces: bool) -> list[Any]:
    """How the sample ended: status, seconds of processor time, mebibytes; nothing of it is left then."""
    by_itself, status, usage = _ended(process, grace)
    while True:
        _kill_rest(process, namespaces=namespaces)
        try:
            os.wait4(-1, 0 if namespaces else os.WNOHANG)
        except ChildProcessError:
            break
    code = os.waitstatus_to_exitcode(status) if by_itself else None
    return [code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]


def _private_folder(*, namespaces: bool, writable: bool) -> str:
    if namespaces:
        return _SCRATCH
    if not writable:
        return "/"
    import tempfile

    return tempfile.mkdtemp(prefix="specship-sample-")


def _serve(control: socket.socket, configuration: dict[str, Any]) -> None:
    namespaces = bool(configuration["namespaces"])
    writable = not configuration["seccomp"]
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if message != b"start" or len(descriptors) != 1:
            return
        folder = _private_folder(namespaces=namespaces, writable=writable)
        process = _begin(descriptors[0], configuration, folder)
        os.close(descriptors[0])
        asked = control.recv(16)
        answer = _end(process, grace=_GRACE if asked == b"gone" else 0.0, namespaces=namespaces)
        if not namespaces and writable:
            import shutil

            shutil.rmtree(folder, ignore_errors=True)
        if not asked:
            return
        control.send(protocol.encode(answer))


def main() -> NoReturn:
    """Serve samples until the judge goes away."""
    _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)
    _LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    configuration = protocol.decode(bytes.fromhex(sys.argv[1]))
    configuration["seccomp"] = bytes.fromhex(configuration["seccomp"])
    if configuration["landlock_abi"]:
        writable = os.path.dirname(_SCRATCH) if configuration["namespaces"] else ""  # noqa: PTH120
        _prepare_rules(configuration["landlock_abi"], configuration["readable"], writable)
    sys.argv[:] = [""]
    sys.dont_write_bytecode = True
    for name in _WARM:
        __import__(name)
    compile("def warm(value):\n    return value\n", "warm.py", "exec")  # the first one takes milliseconds
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=CONTROL) as control:
        control.send(b"up")
        _serve(control, configuration)
    os._exit(0)


if __name__ == "__main__":
    main()
