"""Private keys that sign releases: made outside of the checkout, read from a file, a variable or an agent.

None is ever written into a checkout, where a commit could take it along and any session could use it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from specship.errors import RequirementMissing, UnusableInput
from specship.evidence.keys.keyring import shown
from specship.evidence.keys.ssh_agent import AgentKey, agent_identities
from specship.evidence.signing import SigningKey, check_public_key, key_id
from specship.files import write_new_file
from specship.settings_file import FILE

VARIABLE: Final = "SPECSHIP_SIGNING_KEY"
_LONGEST: Final = 4096


def new_key(path: Path) -> SigningKey:
    """Make a key pair and write the private half, for its owner alone to read.

    Raises:
        UnusableInput: the path lies in a checkout, or there is something already.
        CannotWrite: the disk is full or refuses.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    write_private(path, private.private_bytes_raw().hex().encode() + b"\n")
    return SigningKey(private, private.public_key().public_bytes_raw())


def write_private(path: Path, data: bytes) -> None:
    """Write the private half of a key into a new file, for its owner alone to read.

    Raises:
        UnusableInput: the path lies in a checkout, or there is something already.
        CannotWrite: the disk is full or refuses.
    """
    _outside(path)
    if path.exists() or path.is_symlink():
        raise UnusableInput("there is something here already", at=path, mend="name a new file")
    write_new_file(path, data, mode=0o600)


def key_of_file(path: Path) -> SigningKey:
    """The key in a file.

    Raises:
        UnusableInput: it lies in a checkout, others may read it, or it holds no key.
    """
    return _key(private_bytes(path), str(path))


def private_bytes(path: Path) -> bytes:
    """What a file with a private key holds.

    Raises:
        UnusableInput: it lies in a checkout, or others may read it.
    """
    _outside(path)
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            data = file.read(_LONGEST)
    except OSError as error:
        raise UnusableInput(f"the key cannot be read: {error.strerror}", at=path) from error
    if not stat.S_ISREG(about.st_mode) or about.st_mode & 0o077:
        raise UnusableInput(
            "others may read this key", at=path,
            why="whoever can read it can sign releases", mend=f"chmod 600 {path}",
        )  # fmt: skip
    return data


def key_of_variable() -> SigningKey | None:
    """The key that the environment holds; None where it holds none. It is taken out, so that no child has it.

    Raises:
        UnusableInput: the variable holds no key.
    """
    text = os.environ.pop(VARIABLE, "")
    return _key(text.encode(), VARIABLE) if text else None


def key_of_agent(wanted: frozenset[bytes], beginning: str = "") -> SigningKey:
    """The key of the ssh-agent that is one of some, or whose id begins so.

    Raises:
        RequirementMissing: there is no agent.
        UnusableInput: it holds no such key, or several.
    """
    path, found = agent_identities()
    beginning = f"sha256:{beginning.removeprefix('sha256:')}" if beginning else ""
    own = [
        one.public
        for one in found
        if (f"sha256:{key_id(one.public)}".startswith(beginning) if beginning else one.public in wanted)
    ]
    if len(own) != 1:
        listed = ", ".join(f"{shown(one.public)} {one.comment}".strip() for one in found) or "none"
        raise UnusableInput(
            f"{len(own)} ed25519 keys of the ssh-agent are meant",
            why=f"it holds: {listed}",
            mend="name one by the beginning of its id: --agent ID; `ssh-add FILE` adds one",
        )
    return SigningKey(AgentKey(check_public_key(own[0]), path), own[0])


def no_key() -> RequirementMissing:
    """What is said where nobody named a key."""
    return RequirementMissing(
        "no key was named to sign with",
        why="this checkout's own key vouches for rehearsals alone",
        mend=f"--key FILE, --agent, or the variable {VARIABLE}; make a key: specship evidence keygen FILE",
    )


def _key(data: bytes, at: str) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(data.decode("ascii").strip()))
    except ValueError as error:  # it is not told what was there
        raise UnusableInput(
            "not a private key of 64 hexadecimal digits",
            at=at,
            mend="make one: specship evidence keygen FILE",
        ) from error
    return SigningKey(private, check_public_key(private.public_key().public_bytes_raw()))


def _outside(path: Path) -> None:
    real = path.parent.resolve() / path.name
    real = real.resolve() if real.is_symlink() else real
    for folder in real.parents:
        if (folder / ".git").exists() or (folder / FILE).is_file():
            raise UnusableInput(
                f"the private key would lie inside the checkout {folder}",
                at=path,
                why="a commit could publish it, and every test session could sign with it",
                mend="keep it elsewhere, for example in ~/.config/specship/",
            )
