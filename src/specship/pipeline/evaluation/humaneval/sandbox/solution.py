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
import marshal
import os
import resource
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from specship.pipeline.evaluation.humaneval.sandbox import protocol
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
_READY = protocol.frame(protocol.encode(["ready"]))
_LOADED = protocol.frame(protocol.encode(["loaded"]))
_WARM = ("typing", "math", "collections", "re", "itertools", "functools", "heapq", "string", "copy")
"""Imported once for all samples: the less there is, the quicker is a fork."""
_TIMES = 20
_WARMING = (
    "from typing import List\n\n\ndef warm(value, *rest, key=None):\n    return [value, *rest, 1.5, True]\n"
)


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


class _Walls:
    """What shuts a sample in, made ready once by the server so that little is left to do in each process."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        limits = configuration["limits"]
        self.namespaces = bool(configuration["namespaces"])
        self.landlock = bool(configuration["landlock_abi"])
        self.contained = bool(configuration["filter"])
        self._size = f"size={limits['file_bytes']},nr_inodes={limits['inodes']},mode=700".encode()
        self._nothing = struct.pack("=6I", *[0] * 6)
        self._capabilities = struct.pack("=Ii", 0x2008_0522, 0)
        self._limits = [
            (name, (number, number))
            for name, number in (
                (resource.RLIMIT_CPU, limits["cpu_seconds"]),
                (resource.RLIMIT_AS, limits["address_bytes"]),
                (resource.RLIMIT_FSIZE, limits["file_bytes"]),
                (resource.RLIMIT_NOFILE, limits["descriptors"]),
                (resource.RLIMIT_NPROC, limits["tasks"] + configuration["tasks_before"]),
                (resource.RLIMIT_CORE, 0),
            )
        ]
        self._filter = _Filter(configuration["filter"])

    def shut_in(self, folder: str) -> None:
        """Everything that stands between this process and the world; each step raises when it fails."""
        if self.namespaces:
            _must(_LIBC.unshare(_NEW_MOUNTS))
            _must(_LIBC.mount(b"tmpfs", folder.encode(), b"tmpfs", _SAFE_MOUNT, self._size))
        os.chdir(folder)
        os.umask(0o077)
        for name, number in self._limits:
            resource.setrlimit(name, number)
        if self.contained:
            _must(_LIBC.capset(self._capabilities, self._nothing))
        if self.landlock:
            _must(_LIBC.syscall(_LANDLOCK_RESTRICT, _RULES, 0))
            os.close(_RULES)
        _must(_LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0))
        if self.contained:
            self._filter.put_in_force()


class _Filter:
    """A filter of system calls; the kernel keeps it over a fork, and one can only be added to another."""

    def __init__(self, program: bytes) -> None:
        self._steps = ctypes.create_string_buffer(program, max(1, len(program)))
        self._whole = ctypes.c_char_p(
            struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(self._steps))
        )

    def put_in_force(self) -> None:
        """For this process and all that it forks, for good."""
        _must(_LIBC.prctl(_SET_SECCOMP, 2, self._whole, 0, 0))


def _name_of(error: BaseException) -> str:
    with contextlib.suppress(BaseException):
        return str(type(error).__name__)[:80]
    return "exception"


def _fault(error: BaseException) -> list[str]:
    kind = "memory" if isinstance(error, MemoryError) else "raised"
    return [kind, _name_of(error)]


def _answer(call: Any, function: Any) -> bytes:
    """What is said to one call: its own token, the kind of the answer, a value."""
    token, arguments, keywords = call
    try:
        value = function(*arguments, **keywords)
    except BaseException as error:  # noqa: BLE001 - generated code may raise anything
        kind, name = _fault(error)
        return bytes(token) + kind[:1].encode() + protocol.encode(name)
    try:
        return bytes(token) + b"v" + protocol.encode(value)
    except MemoryError:
        return bytes(token) + b"mN"
    except BaseException as error:  # noqa: BLE001 - no plain value, or one whose methods raise
        return bytes(token) + b"n" + protocol.encode(_name_of(error))


def _serve_calls(channel: protocol.Channel, function: Any) -> None:
    """Answer calls until the judge ends this process."""
    while True:
        call = marshal.loads(channel.receive_body())  # noqa: S302 - from the judge, which this need not doubt
        channel.send_frame(protocol.frame(_answer(call, function)))


def _sample(descriptor: int, walls: _Walls, folder: str) -> None:
    """The life of one sample, in a process of its own; does not return to the server's loop."""
    channel = protocol.Channel(descriptor)
    try:
        walls.shut_in(folder)
    except (OSError, ValueError, OverflowError) as error:
        channel.send(["infra", f"{error} while shutting the process in"])
        return
    os.write(descriptor, _READY)
    program, entry_point = marshal.loads(channel.receive_body())  # noqa: S302 - from the judge
    names: dict[str, Any] = {"__name__": "solution", "__builtins__": __builtins__}
    try:
        exec(compile(program, "completion.py", "exec"), names)  # noqa: S102 - the purpose of this process
        function = names[entry_point]
    except BaseException as error:  # noqa: BLE001 - generated code may raise anything
        channel.send(_fault(error))
        return
    os.write(descriptor, _LOADED)
    _serve_calls(channel, function)


def _begin(walls: _Walls, folder: str) -> int:
    """Fork a sample; its stream is at its descriptor, and nothing else of the server's but the rules."""
    process = os.fork()
    if process:
        return process
    try:
        os.setpgid(0, 0)
        os.close(CONTROL)
        _sample(_CHANNEL, walls, folder)
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


def _serve(control: socket.socket, walls: _Walls) -> None:
    namespaces, writable = walls.namespaces, not walls.contained
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if message != b"start" or len(descriptors) != 1:
            return
        folder = _private_folder(namespaces=namespaces, writable=writable)
        if descriptors[0] != _CHANNEL:
            os.dup2(descriptors[0], _CHANNEL)
            os.close(descriptors[0])
        process = _begin(walls, folder)
        os.close(_CHANNEL)
        asked = control.recv(16)
        answer = _end(process, grace=_GRACE if asked == b"gone" else 0.0, namespaces=namespaces)
        if not namespaces and writable:
            import shutil

            shutil.rmtree(folder, ignore_errors=True)
        if not asked:
            return
        control.send(protocol.encode(answer))


def _warm_up() -> None:
    """Run what each sample will run, on a program of our own: the first times take milliseconds."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        judge, channel = protocol.Channel(ours.fileno()), protocol.Channel(theirs.fileno())
        for _ in range(_TIMES):
            judge.send_frame(protocol.question((b"", [1, [2.0, "3"]], {"key": None})))
            names: dict[str, Any] = {}
            exec(compile(_WARMING, "warm.py", "exec"), names)  # noqa: S102 - our own
            call = marshal.loads(channel.receive_body())  # noqa: S302 - our own
            channel.send_frame(protocol.frame(_answer(call, names["warm"])))
            judge.receive_body()


def main() -> NoReturn:
    """Serve samples until the judge goes away."""
    _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)
    _LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    configuration = protocol.decode(bytes.fromhex(sys.argv[1]))
    configuration["filter"] = bytes.fromhex(configuration["filter"])
    if configuration["landlock_abi"]:
        writable = os.path.dirname(_SCRATCH) if configuration["namespaces"] else ""  # noqa: PTH120
        _prepare_rules(configuration["landlock_abi"], configuration["readable"], writable)
    sys.argv[:] = [""]
    sys.dont_write_bytecode = True
    for name in _WARM:
        __import__(name)
    _warm_up()
    walls = _Walls(configuration)
    if walls.contained:
        _must(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _Filter(bytes.fromhex(configuration["filter_of_server"])).put_in_force()
    os.closerange(_RULES + walls.landlock, 1024)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=CONTROL) as control:
        control.send(b"up")
        _serve(control, walls)
    os._exit(0)


if __name__ == "__main__":
    main()
