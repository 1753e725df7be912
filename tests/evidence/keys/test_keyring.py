"""Whose signature counts, for what and when: each way not to count has its own words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from specship.evidence.keys.keyring import NOBODY, KeyRing, shown
from specship.specs.trusted_keys import TrustedKey

KEY, OWN, MACHINE, STRANGER = (bytes([number]) * 32 for number in (1, 2, 3, 4))
NOW = datetime.now(UTC)
TODAY = NOW.date()


def entry(key: bytes = KEY, **values: Any) -> TrustedKey:
    days = {"since": TODAY - timedelta(days=10), "until": TODAY + timedelta(days=10)}
    return TrustedKey.model_validate(
        {"key": key.hex(), "owner": "Somebody", "purposes": ("release",), **days, **values}
    )


def ring(*entries: TrustedKey, seen: datetime | None = None) -> KeyRing:
    return KeyRing({one.public: one for one in entries}, OWN, frozenset({MACHINE}), lambda _name: seen)


def why(
    keys: KeyRing, signer: bytes, purpose: Any = "release", *, at: datetime = NOW, release: bool = True
) -> str:
    return keys.why_not({signer}, purpose, at=at, name="x.json", release=release)


def test_a_trusted_key_counts_for_its_purpose_on_its_days() -> None:
    assert not why(ring(entry()), KEY)
    assert not why(ring(entry(purposes=("arming",))), KEY, "arming")


REVOKED: dict[str, Any] = {"revoked": TODAY}
REFUSALS = {
    "nobody": (ring(entry()), None, "release", NOW, "no key known here signed it"),
    "a stranger": (ring(entry()), STRANGER, "release", NOW, "is not trusted"),
    "another purpose": (ring(entry(purposes=("arming",))), KEY, "release", NOW, "trusted for arming, and not for release"),
    "arming by a release key": (ring(entry()), KEY, "arming", NOW, "trusted for release, and not for arming"),
    "before its days": (ring(entry()), KEY, "release", NOW - timedelta(days=11), "counts from"),
    "after its days": (ring(entry()), KEY, "release", NOW + timedelta(days=11), "counts from"),
    "this checkout's": (ring(entry(OWN)), OWN, "release", NOW, "this checkout's own"),
    "a machine's": (ring(entry(MACHINE)), MACHINE, "release", NOW, "listed in evidence/arming/keys.txt"),
    "arming by a machine": (ring(entry(MACHINE, purposes=("arming",))), MACHINE, "arming", NOW, "listed in"),
    "revoked, not in git": (ring(entry(**REVOKED)), KEY, "release", NOW - timedelta(days=3), "its date may be any"),
    "revoked, too late in git": (
        ring(entry(**REVOKED), seen=NOW), KEY, "release", NOW - timedelta(days=3), "its date may be any",
    ),
    "expired, not in git": (
        ring(entry(until=TODAY - timedelta(days=2))), KEY, "release", NOW - timedelta(days=3), "git does not have it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_count_is_told(case: str) -> None:
    keys, signer, purpose, at, says = REFUSALS[case]
    told = keys.why_not(() if signer is None else {signer}, purpose, at=at, name="x.json", release=True)  # type: ignore[arg-type]

    assert says in told
    if signer:
        assert shown(signer) in told


def test_what_git_had_before_a_key_was_revoked_still_counts() -> None:
    before = NOW - timedelta(days=3)

    assert not why(ring(entry(**REVOKED), seen=before), KEY, at=before)


def test_a_rehearsal_believes_this_checkout_and_the_arming_of_listed_machines() -> None:
    keys = ring()

    assert not why(keys, OWN, "rehearsal", release=False)
    assert not why(keys, OWN, "arming", release=False)
    assert not why(keys, MACHINE, "arming", release=False)
    assert "arming of rehearsals alone" in why(keys, MACHINE, "rehearsal", release=False)
    assert "not for rehearsal" in why(ring(entry()), KEY, "rehearsal", release=False)


def test_one_signature_that_counts_is_enough() -> None:
    assert not ring(entry()).why_not({STRANGER, KEY}, "release", at=NOW, name="x", release=True)


def test_keys_that_no_release_believes_are_named() -> None:
    found = list(ring(entry(), entry(OWN), entry(MACHINE, purposes=("arming", "rehearsal"))).refused())

    assert [shown(key) in text for key, text in zip((OWN, MACHINE), found, strict=True)] == [True, True]
    assert "refused for release" in found[0]
    assert "refused for arming" in found[1]
    assert not list(ring(entry(OWN, purposes=("rehearsal",))).refused())
    assert not list(NOBODY.refused())
