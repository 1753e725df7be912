"""Whose signature counts, for what, and when: the tables `[[tool.specship.trusted_keys]]`.

[[tool.specship.trusted_keys]]
key = "64 hexadecimal digits"          # the public half of an ed25519 pair
owner = "Release managers"             # who answers for it
purposes = ["release", "arming"]       # some of rehearsal, release, arming
from = 2026-01-01                      # its first day, UTC
until = 2027-01-01                     # its last day, UTC
revoked = 2026-06-30                   # optional: from this day on it counts no more
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from specship.contracts.records import Frozen

Purpose = Literal["rehearsal", "release", "arming"]
_ONE_LINE = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
PublicKeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TrustedKey(Frozen):
    """One public key: a statement counts where its purpose and its days fit."""

    model_config = ConfigDict(populate_by_name=True)

    key: PublicKeyHex
    owner: Annotated[str, Field(pattern=_ONE_LINE, max_length=200)]
    """Who answers for it, in words."""
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    since: Annotated[date, Field(alias="from")]
    """Its first day, UTC."""
    until: date
    """Its last day, UTC."""
    revoked: date | None = None
    """From the beginning of this day on it counts no more."""

    @field_validator("purposes")
    @classmethod
    def _once_each(cls, purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
        if len(set(purposes)) != len(purposes):
            raise ValueError("a purpose stands twice")
        return purposes

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.since:
            raise ValueError("`until` is before `from`")
        return self

    @property
    def public(self) -> bytes:
        """The raw key."""
        return bytes.fromhex(self.key)

    def counts_on(self, day: date) -> bool:
        """Whether it is one of its days (UTC)."""
        return self.since <= day <= self.until and not (self.revoked and day >= self.revoked)

    def over(self, moment: datetime) -> bool:
        """Whether its days are over at a moment: from then on it can only speak of what was seen before."""
        return moment.date() > self.until or bool(self.revoked and moment.date() >= self.revoked)

    @property
    def days(self) -> str:
        """Its days, in words."""
        ending = f", revoked on {self.revoked}" if self.revoked else ""
        return f"{self.since} to {self.until}{ending}"


def entry_to_paste(public: bytes) -> str:
    """The table that trusts a key with releases for a year from today on."""
    today = datetime.now(UTC).date()
    return (
        "[[tool.specship.trusted_keys]]\n"
        f'key = "{public.hex()}"\n'
        'owner = "who answers for it"\n'
        'purposes = ["release", "arming"]\n'
        f"from = {today}\n"
        f"until = {today + timedelta(days=365)}\n"
    )
