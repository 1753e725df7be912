"""The tables of trusted keys: what they must say, and where a fault in one is shown."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from specship.errors import SpecshipError
from specship.specs.project import find_configuration
from specship.specs.trusted_keys import TrustedKey

KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OTHER = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
TABLE = f"""\
[[tool.specship.trusted_keys]]
key = "{KEY}"
owner = "Release managers"
purposes = ["release", "arming"]
from = 2026-01-01
until = 2026-12-31
"""
SECOND = TABLE.replace(KEY, OTHER)


def settings(folder: Path, tables: str) -> Path:
    (folder / "pyproject.toml").write_text(f'[tool.specship]\nspec = "s"\n{tables}')
    return folder


def refusal(folder: Path, tables: str) -> str:
    with pytest.raises(SpecshipError) as caught:
        find_configuration(settings(folder, tables))
    return str(caught.value)


def test_a_table_is_read_with_its_days(tmp_path: Path) -> None:
    found = find_configuration(settings(tmp_path, TABLE + "revoked = 2026-06-30\n" + SECOND))
    assert found is not None
    one, other = found[1].trusted_keys

    assert (one.owner, one.purposes, one.days) == (
        "Release managers", ("release", "arming"), "2026-01-01 to 2026-12-31, revoked on 2026-06-30",
    )  # fmt: skip
    assert other.revoked is None


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2025-12-31", False), ("2026-01-01", True), ("2026-06-29", True), ("2026-06-30", False),
        ("2026-12-31", False),
    ],
)  # fmt: skip
def test_a_key_counts_from_its_first_day_until_it_is_revoked(day: str, counts: bool) -> None:
    entry = TrustedKey(
        key=KEY, owner="A", purposes=("release",), since=date(2026, 1, 1), until=date(2026, 12, 31),
        revoked=date(2026, 6, 30),
    )  # fmt: skip

    assert entry.counts_on(date.fromisoformat(day)) is counts


def test_the_last_day_counts_to_its_end() -> None:
    entry = TrustedKey(
        key=KEY, owner="A", purposes=("release",), since=date(2026, 1, 1), until=date(2026, 12, 31)
    )

    assert entry.counts_on(date(2026, 12, 31))
    assert not entry.over(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert entry.over(datetime(2027, 1, 1, tzinfo=UTC))


FAULTS = {
    "a list of texts": (f'trusted_keys = ["{KEY}"]\n', "pyproject.toml:3:1", "without owner, purposes and days"),
    "no owner": (TABLE.replace('owner = "Release managers"\n', ""), "pyproject.toml:3:1", "'owner' is missing"),
    "an owner of blanks": (TABLE.replace("Release managers", " "), "pyproject.toml:5:1", "owner"),
    "no days": (TABLE.replace("from = 2026-01-01\n", ""), "pyproject.toml:3:1", "'from' is missing"),
    "a day as a text": (TABLE.replace("2026-12-31", '"2026-12-31"'), "pyproject.toml:8:1", "valid date"),
    "no purpose": (TABLE.replace('["release", "arming"]', "[]"), "pyproject.toml:6:1", "purposes"),
    "an unknown purpose": (TABLE.replace('"arming"', '"all"'), "pyproject.toml:6:1", "'rehearsal', 'release'"),
    "a purpose twice": (TABLE.replace('"arming"', '"release"'), "pyproject.toml:6:1", "stands twice"),
    "an end before its beginning": (TABLE.replace("2026-12-31", "2025-12-31"), "pyproject.toml:3:1", "before"),
    "an unknown member": (TABLE + 'note = "x"\n', "pyproject.toml:9:1", "unknown key 'note'"),
    "a short key": (TABLE.replace(KEY, KEY[:-1]), "pyproject.toml:4:1", "key"),
    "a fault in the second table": (TABLE + SECOND.replace('"arming"', '"all"'), "pyproject.toml:12:1", "purposes"),
    "one key twice": (TABLE + TABLE, "pyproject.toml:3:1", "stands twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_says_where_it_is_and_how_a_table_is_written(tmp_path: Path, case: str) -> None:
    tables, place, says = FAULTS[case]
    told = refusal(tmp_path, tables)

    assert place in told, told
    assert says in told, told
    if "unknown key" not in told and "missing" not in told:
        assert "[[tool.specship.trusted_keys]]" in told
