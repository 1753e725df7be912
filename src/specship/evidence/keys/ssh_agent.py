"""An ed25519 key that an ssh-agent holds: it signs, and the private half stays where it is.

For a key of this type the agent signs the very bytes that it is given. What DSSE signs begins with `DSSEv1`,
which no message of the SSH protocol does, so that neither can be taken for the other.

Source: https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent (messages 11 to 14), RFC 8709.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from specship.errors import RequirementMissing, UnusableInput

_VARIABLE: Final = "SSH_AUTH_SOCK"
_REQUEST_IDENTITIES, _IDENTITIES = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_TYPE: Final = b"ssh-ed25519"
_LONGEST: Final = 1 << 18
"""Bytes of an answer; agents themselves stop at this."""
_SECONDS: Final = 60.0
"""For an answer: an agent may ask its owner first."""


class AgentIdentity(NamedTuple):
    """One ed25519 key of the agent."""

    public: bytes
    comment: str


@dataclass(frozen=True, slots=True)
class AgentKey:
    """Signs as a private key does."""

    public: bytes
    path: Path

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the agent's signature.

        Raises:
            UnusableInput: the agent refuses, or answers something else.
        """
        blob = _string(_TYPE) + _string(self.public)
        request = bytes([_SIGN_REQUEST]) + _string(blob) + _string(message) + struct.pack(">I", 0)
        answer = _asked(self.path, request, _SIGN_RESPONSE, "refuses to sign")
        kind, signature = _strings(next(_strings(answer)))
        if kind != _TYPE or len(signature) != 64:
            raise _unusable("answers with another kind of signature")
        return signature


def agent_identities() -> tuple[Path, tuple[AgentIdentity, ...]]:
    """The agent's socket, and the ed25519 keys that it holds.

    Raises:
        RequirementMissing: no agent is announced.
        UnusableInput: it does not answer as an agent does.
    """
    named = os.environ.get(_VARIABLE, "")
    if not named:
        raise RequirementMissing(
            f"there is no ssh-agent: {_VARIABLE} is not set",
            why="the key is to be one that an agent holds",
            mend="start one and add a key: eval $(ssh-agent) && ssh-add FILE",
        )
    path = Path(named)
    answer = _asked(path, bytes([_REQUEST_IDENTITIES]), _IDENTITIES, "does not list its keys")
    parts = _strings(answer[4:])
    found = []
    for blob in parts:
        comment = next(parts, b"")
        fields = tuple(_strings(blob))
        if len(fields) == 2 and fields[0] == _TYPE and len(fields[1]) == 32:
            found.append(AgentIdentity(fields[1], comment.decode("utf-8", "replace")))
    return path, tuple(found)


def _asked(path: Path, request: bytes, kind: int, otherwise: str) -> bytes:
    """What follows the kind of an answer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
            agent.settimeout(_SECONDS)
            agent.connect(str(path))
            agent.sendall(_string(request))
            (size,) = struct.unpack(">I", _received(agent, 4))
            if not 1 <= size <= _LONGEST:
                raise _unusable(f"announces an answer of {size} bytes")
            answer = _received(agent, size)
    except OSError as error:
        raise _unusable(f"cannot be asked: {error.strerror or error}") from error
    if answer[0] != kind:
        raise _unusable(otherwise)
    return answer[1:]


def _received(agent: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = agent.recv(size - len(data))
        if not part:
            raise _unusable("ended its answer too early")
        data += part
    return data


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _strings(data: bytes) -> Iterator[bytes]:
    """The strings of a message, each behind its length."""
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            raise _unusable("sends a message that is cut short")
        yield data[4 : 4 + size]
        data = data[4 + size :]


def _unusable(what: str) -> UnusableInput:
    return UnusableInput(
        f"the ssh-agent {what}", at=os.environ.get(_VARIABLE) or None, mend="see what `ssh-add -l` says"
    )
