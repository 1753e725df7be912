"""What a ledger has is told from what an index knows, whatever the names look like."""

from hashlib import sha256

from specship.evidence.upkeep.listing import Listing

DIGESTS = sorted(sha256(bytes([number])).digest() for number in range(200))
NAMES = [f"{digest.hex()}.json" for digest in DIGESTS]


def listed(*names: str) -> Listing:
    found = Listing()
    found.take(iter(names))
    return found


def test_what_is_new_and_what_is_gone_are_told_apart() -> None:
    known = b"".join(DIGESTS[:150])

    assert listed(*reversed(NAMES)).beside(b"".join(DIGESTS)) == (set(), set())
    assert listed(*NAMES[100:]).beside(known) == (set(NAMES[150:]), set(DIGESTS[:100]))
    assert listed().beside(known) == (set(), set(DIGESTS[:150]))
    assert listed(*NAMES).beside(b"") == (set(NAMES), set())


def test_a_name_that_is_no_digest_is_never_taken_for_one() -> None:
    """Capitals, blanks that a reader of hexadecimals skips, and lengths that add up among several."""
    odd = [
        NAMES[0].upper().replace(".JSON", ".json"),
        f"{NAMES[1][:62]}  .json",
        f"{NAMES[2][:60]}.json",
        f"0000{NAMES[2]}",
        "notes.json",
        ".json",
        f"{'ü' * 64}.json",
    ]
    found = listed(*odd, *NAMES)

    assert found.beside(b"".join(DIGESTS)) == (set(odd), set())
    assert set(found.names()) == {*odd, *NAMES}
    assert len(found) == len(odd) + len(NAMES)


def test_an_entry_that_lies_in_two_folders_is_one() -> None:
    found = listed(*NAMES)
    found.take(iter(NAMES[:10]))

    assert found.beside(b"".join(DIGESTS[10:])) == (set(NAMES[:10]), set())
