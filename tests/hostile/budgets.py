"""What refusing the hostile files of the tests, all together, may cost a process."""

from typing import Final

CPU_SECONDS: Final = 2
"""Processor time."""
ADDRESS_BYTES: Final = 512 << 20
"""Address space, the interpreter's own included."""
RESIDENT_BYTES: Final = 256 << 20
"""Memory in use."""
