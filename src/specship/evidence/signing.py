"""Ed25519 over DSSE's pre-authentication encoding.

Sources: DSSE v1 protocol (secure-systems-lab/dsse), RFC 8032. The signature covers the payload's
type together with its bytes, so a valid signature over one kind of document proves nothing about
another. Keys of small order are refused: with such a "public key" one fixed signature verifies
for many messages.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from specship.digests import sha256_bytes
from specship.errors import CannotWrite, UnusableInput
from specship.files import write_new_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_PRIME: Final = 2**255 - 19
# y-coordinates of the points of order 1, 2, 4 and 8 on edwards25519.
_SMALL_ORDER_Y: Final = frozenset({
    0, 1, _PRIME - 1,
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
})  # fmt: skip


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's PAE of type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public_key: bytes) -> str:
    """Hex sha256 of a raw public key; a hint for people, never a lookup that decides."""
    return sha256_bytes(public_key)


def check_public_key(public_key: bytes) -> bytes:
    """The key itself, when it is a canonical point that is not of small order.

    Raises:
        UnusableInput: 32 bytes are expected, in canonical form, not of small order.
    """
    y = int.from_bytes(public_key, "little") & ((1 << 255) - 1)
    if len(public_key) != 32 or y >= _PRIME or y in _SMALL_ORDER_Y:
        raise UnusableInput(
            f"{public_key.hex()} is not usable as a public key",
            why="under a weak key (no canonical ed25519 point of large order) forged signatures hold",
            mend="make a key pair with `specship evidence keygen FILE`",
        )
    return public_key


class Signs(Protocol):
    """What holds the private half: this process, or an agent."""

    def sign(self, message: bytes, /) -> bytes:
        """The 64 bytes of the signature."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and its public half."""

    private: Signs
    public: bytes

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return self.private.sign(pre_authentication_encoding(payload_type, payload))


@functools.lru_cache(maxsize=64)
def _public(key: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(check_public_key(key))


def verifies(public_key: bytes, signature: bytes, payload_type: str, payload: bytes) -> bool:
    """Whether the key signed exactly this type and these bytes."""
    from cryptography.exceptions import InvalidSignature

    message = pre_authentication_encoding(payload_type, payload)
    try:
        _public(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def local_key(state: Path) -> SigningKey:
    """This checkout's own key, made on first use; it can vouch for rehearsals only.

    Raises:
        UnusableInput: the key file cannot be read, or is not 32 bytes of hex.
        CannotWrite: there is none, and the disk is full or refuses.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = state / "keys" / "local.ed25519"
    if not path.exists():
        fresh = Ed25519PrivateKey.generate().private_bytes_raw().hex().encode()
        try:
            write_new_file(path, fresh, mode=0o600)
        except CannotWrite:
            if not path.exists():  # else another process made one, and the first one's key stays
                raise
    try:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text(encoding="ascii")))
    except ValueError as error:
        raise UnusableInput(
            f"not a private key: {error}", at=path, mend="delete the file; a new key is made"
        ) from error
    except OSError as error:
        raise UnusableInput(
            f"this checkout's key cannot be read: {error.strerror}", at=path,
            mend="make it readable for you, or delete it; a new key is made",
        ) from error  # fmt: skip
    return SigningKey(private, private.public_key().public_bytes_raw())


def local_public_key(state: Path) -> bytes | None:
    """The public half of this checkout's key, or None when it never made one."""
    return local_key(state).public if (state / "keys" / "local.ed25519").exists() else None
