"""One of a kind is not several."""

from specship.wording import counted


def test_a_number_has_its_words() -> None:
    assert [counted(number, "file") for number in range(3)] == ["0 files", "1 file", "2 files"]
    assert [counted(number, "entry is", "entries are") for number in (1, 2)] == [
        "1 entry is",
        "2 entries are",
    ]
