"""Whose signature counts, for what, and when; and in words why one does not.

A signature is judged by the moment that stands under it. The holder of a key whose days are over could write
any moment, so what such a key signed counts only where git had the file while the key still counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.evidence.signing import check_public_key, key_id
from specship.specs.trusted_keys import Purpose, TrustedKey

KEYS: Final = "keys.txt"
_LONGEST_KEYS: Final = 1 << 16
_DIGITS: Final = 12
NEVER: Final[Callable[[str], datetime | None]] = lambda _name: None  # noqa: E731 - a value with a type


def purpose_of(*, release: bool) -> Purpose:
    """What a key has to be trusted with to sign evidence."""
    return "release" if release else "rehearsal"


def shown(public: bytes) -> str:
    """A public key as faces name it: the beginning of its id."""
    return f"sha256:{key_id(public)[:_DIGITS]}"


@dataclass(frozen=True)
class KeyRing:
    """The keys of a project. Two are equal when they trust alike."""

    trusted: Mapping[bytes, TrustedKey] = field(default_factory=dict)
    """By the raw key."""
    own: bytes | None = None
    """This checkout's, which vouches for rehearsals."""
    listed: frozenset[bytes] = frozenset()
    """Of machines on which gates were seen to fail, whose records of arming a rehearsal believes."""
    first_seen: Callable[[str], datetime | None] = field(default=NEVER, compare=False)
    """When git first had a file of the evidence folder, by its name there; None where it does not have it."""

    @cached_property
    def known(self) -> frozenset[bytes]:
        """Every key that is or was trusted with anything; what they signed can be held against a gate."""
        return frozenset(self.trusted) | self.listed | ({self.own} if self.own else set())

    def why_not(
        self,
        signers: Iterable[bytes],
        purpose: Purpose,
        *,
        at: datetime,
        name: str,
        release: bool = False,
    ) -> str:
        """Why no signature counts for a purpose, in words; empty where one does.

        `at` is the moment that was signed, `name` the file within the evidence folder, and `release` whether
        a release is to believe it: then no key of a checkout or of a list of machines will do.
        """
        reasons = []
        for key in sorted(signers):
            reason = self._why_not(key, purpose, at, name, release=release)
            if not reason:
                return ""
            reasons.append(reason)
        return "; ".join(reasons) or "no key known here signed it"

    def _why_not(self, key: bytes, purpose: Purpose, at: datetime, name: str, *, release: bool) -> str:
        own, listed = key == self.own, key in self.listed
        if release and (own or listed):
            what = "this checkout's own" if own else "listed in evidence/arming/keys.txt"
            return (
                f"the key {shown(key)} is {what}, and a release believes no such key: "
                f"{'specship faults --arm --key FILE' if purpose == 'arming' else 'specship evidence sign'}"
            )
        if own or (listed and purpose == "arming"):
            return ""
        entry = self.trusted.get(key)
        if entry is None and listed:
            return f"the key {shown(key)} vouches for the arming of rehearsals alone"
        if entry is None:
            return f"the key {shown(key)} is not trusted"
        if purpose not in entry.purposes:
            return f"{self.name_of(key)} is trusted for {', '.join(entry.purposes)}, and not for {purpose}"
        if not entry.counts_on(at.astimezone(UTC).date()):
            return f"{self.name_of(key)} counts from {entry.days}, and it was signed as of {at:%Y-%m-%d}"
        return self._backdated(key, entry, name)

    def _backdated(self, key: bytes, entry: TrustedKey, name: str) -> str:
        if not entry.over(datetime.now(UTC)):
            return ""
        seen = self.first_seen(name)
        if seen is not None and not entry.over(seen.astimezone(UTC)):
            return ""
        when = f"git has it since {seen:%Y-%m-%d} only" if seen else "git does not have it"
        return f"{self.name_of(key)} counts from {entry.days}, and {when}: its date may be any"

    def owner_of(self, key: bytes) -> str:
        """Who answers for a key."""
        if entry := self.trusted.get(key):
            return entry.owner
        return "this checkout" if key == self.own else "evidence/arming/keys.txt"

    def purposes_of(self, key: bytes) -> tuple[str, ...]:
        """What the project trusts a key with."""
        if entry := self.trusted.get(key):
            return entry.purposes
        return ("rehearsal", "arming of rehearsals") if key == self.own else ("arming of rehearsals",)

    def name_of(self, key: bytes) -> str:
        """A key in words: its id and who answers for it."""
        return f"the key {shown(key)} of {self.owner_of(key)}"

    def refused(self) -> Iterator[str]:
        """Trusted keys that no release believes although they are trusted for it, each in words."""
        for key, entry in self.trusted.items():
            asked = [purpose for purpose in entry.purposes if purpose != "rehearsal"]
            if asked and (key == self.own or key in self.listed):
                where = (
                    "this checkout's own, which any session can use"
                    if key == self.own
                    else "listed in evidence/arming/keys.txt, where anybody can add one"
                )
                yield (
                    f"trusted key {shown(key)} of {entry.owner} is refused for {' and '.join(asked)}\n"
                    f"  why:  it is {where}\n"
                    "  mend: make one that no checkout holds: specship evidence keygen FILE"
                )


NOBODY: Final = KeyRing()
"""Of a project that trusts no key."""


def arming_keys(folder: Path) -> frozenset[bytes]:
    """Public keys whose records of arming a rehearsal believes beside the project's trusted ones.

    Raises:
        UnusableInput: a line of the list is no public key.
    """
    path = folder / KEYS
    if not path.is_file() or path.stat().st_size > _LONGEST_KEYS:
        return frozenset()
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if text := line.partition("#")[0].strip():
            try:
                found.add(check_public_key(bytes.fromhex(text)))
            except ValueError as error:
                raise UnusableInput(
                    f"line {number} is no public key: {text!r}", at=path,
                    mend="one key of 64 hexadecimal digits a line",
                ) from error  # fmt: skip
    return frozenset(found)
