"""The system calls that generated code may not make, as a filter program for the kernel.

A program of classic BPF: what runs under another instruction set is killed; the calls below answer
EPERM; `clone` may start threads only, and `clone3`, whose flags a filter cannot see, answers ENOSYS, so
that the C library falls back to `clone`; no process may take back that it dies with its server.
Source: linux/seccomp.h, linux/filter.h, the tables of
unistd_64.h and asm-generic/unistd.h. The numbers for aarch64 have not been tried on such a machine.
"""

from __future__ import annotations

import errno
import platform
import struct
from typing import Final

_KILL: Final = 0x8000_0000
_ERRNO: Final = 0x0005_0000
_ALLOW: Final = 0x7FFF_0000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD: Final = 0x0001_0000
_X32_BIT: Final = 0x4000_0000
_CLONE3: Final = 435

_COLUMNS: Final = {"x86_64": 0, "aarch64": 1}
_ARCHES: Final = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_PRCTL: Final = {"x86_64": 157, "aarch64": 167}
_DEATH_SIGNAL: Final = 1
_CLONE: Final = {"x86_64": 56, "aarch64": 220}

DENIED: Final[dict[str, tuple[int | None, int | None]]] = {
    # The network, and descriptors handed from process to process.
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200), "listen": (50, 201),
    "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "recvmsg": (47, 212),
    "sendmmsg": (307, 269), "recvmmsg": (299, 243),
    # Other processes: none is started, seen, traced or signalled.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "setpriority": (141, 140), "sched_setaffinity": (203, 122),
    "prlimit64": (302, 261), "setrlimit": (160, 164), "setsid": (112, 157), "setpgid": (109, 154),
    # Namespaces and mounts.
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442),
    # Wide or rarely needed parts of the kernel.
    "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "syslog": (103, 116), "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "quotactl": (179, 60), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "personality": (135, 92), "vhangup": (153, 58),
    "fanotify_init": (300, 262), "iopl": (172, None), "ioperm": (173, None),
    # Memory that outlives a process or is counted nowhere.
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190),
    "semctl": (66, 191), "semop": (65, 193), "msgget": (68, 186), "mq_open": (240, 180),
    "mq_unlink": (241, 181), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # Attributes of files, which landlock does not cover.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "mknod": (133, None), "mknodat": (259, 33),
}  # fmt: skip


NEEDED_BY_SERVER: Final = frozenset(
    {"kill", "mount", "prlimit64", "recvmsg", "sendmsg", "sendto", "setpgid", "setrlimit", "unshare"}
)
"""What the solution server itself still calls. It refuses the rest to itself, and so to all that it forks,
once; each sample adds these and the rules on `clone` and `prctl`, which makes a filter quickly made."""


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)


def filter_programs(machine: str = "") -> tuple[bytes, bytes] | None:
    """What the server refuses to itself and its samples, and what each sample adds: eight bytes a step.

    None where the numbers of this kind of machine are not known.
    """
    machine = machine or platform.machine()
    if machine not in _COLUMNS:
        return None
    first = [numbers for name, numbers in DENIED.items() if name not in NEEDED_BY_SERVER]
    then = [DENIED[name] for name in sorted(NEEDED_BY_SERVER)]
    threads_only = [
        _step(_EQUAL, _PRCTL[machine], 0, 3), _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_EQUAL, _DEATH_SIGNAL, 5, 0), _step(_RETURN, _ALLOW),
        _step(_EQUAL, _CLONE[machine], 0, 2), _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_ANY_BIT, _CLONE_THREAD, 0, 1),
    ]  # fmt: skip
    return _program(machine, first, []), _program(machine, then, threads_only)


def _program(machine: str, denied: list[tuple[int | None, int | None]], rules: list[bytes]) -> bytes:
    """A filter that refuses some calls, then asks the rules, which end in front of the last two steps."""
    numbers = [number for pair in denied if (number := pair[_COLUMNS[machine]]) is not None]
    head = [
        _step(_LOAD, _ARCH_AT), _step(_EQUAL, _ARCHES[machine], 1, 0), _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
        _step(_EQUAL, _CLONE3, 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS),
    ]  # fmt: skip
    tail = [*rules, _step(_RETURN, _ALLOW), _step(_RETURN, _ERRNO | errno.EPERM)]
    # Each test jumps over the tests behind it and the tail to the refusal, the last step of all.
    tests = [_step(_AT_LEAST, _X32_BIT, len(numbers) + len(tail) - 1, 0)]
    for place, number in enumerate(numbers, start=1):
        tests.append(_step(_EQUAL, number, len(numbers) - place + len(tail) - 1, 0))
    return b"".join(head + tests + tail)
