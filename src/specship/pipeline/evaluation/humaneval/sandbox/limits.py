"""What one sample may use, by name; the sandbox enforces each number and the result states it.

The bounds of a single message are constants of `protocol`, and the result states them too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one sample."""

    cpu_seconds: int = 3
    """Processor time of its process, then SIGKILL."""
    wall_seconds: float = 10.0
    """From the moment it is handed its program until its verdict."""
    address_bytes: int = 1 << 30
    """Address space of its one process, the interpreter's own included."""
    tasks: int = 32
    """Threads; it may start no other process where seccomp is in force."""
    file_bytes: int = 16 << 20
    """All files together in its private folder, and each of them."""
    inodes: int = 256
    """Files and folders in its private folder."""
    descriptors: int = 64
    """Open files."""
    calls: int = 10_000
    """Calls that the tests of one problem may make."""
    start_seconds: float = 10.0
    """Time for a sandboxed process to say `ready`; what takes longer is an infrastructure error."""

    def as_json(self) -> dict[str, int | float]:
        """Names and numbers, for the evidence."""
        return asdict(self)
