"""specship reviewed by itself: what counts as the code behind its probes is what their digests count."""

from pathlib import Path
from typing import Final

import pytest

from specship.errors import UnusableInput
from specship.review.reviewing import review
from tests.projects.histories import Files, history
from tests.review.cases import BASE

FACE: Final = 'PUBLIC: dict[str, str] = {"thing": "specship.home"}\n\n\ndef __getattr__(name):\n    raise AttributeError\n'
OURS: Final[Files] = {
    **BASE,
    "src/specship/__init__.py": FACE,
    "src/specship/home.py": "def thing():\n    return 1\n",
    "src/specship/far.py": "def far():\n    return 1\n",
    "src/specship/discovery.py": "class Folder:\n    pass\n",
    "src/specship/kinds/__init__.py": "",
    "src/specship/kinds/one.py": "ONE = 1\n",
    "src/specship/kinds/_none.py": "NONE = 1\n",
    "src/specship/probes/__init__.py": "",
    "src/specship/probes/words.py": (
        "from specship import thing\nfrom specship.discovery import Folder\nfrom specship.probes.probe import probe\n\n"
        'KINDS = Folder("specship.kinds")\n\n\n@probe("our.words", words="words", checked="words")\n'
        "def words(corpus):\n    return thing()\n"
    ),
    "src/specship/probes/probe.py": "def probe(name, **quantities):\n    return lambda own: own\n",
}
EDITS: Final[dict[str, tuple[Files, bool]]] = {
    "the home of a public name": ({"src/specship/home.py": "def thing():\n    return 2\n"}, True),
    "a file that a scan finds": ({"src/specship/kinds/one.py": "ONE = 2\n"}, True),
    "a file that a scan finds, new": ({"src/specship/kinds/two.py": "TWO = 2\n"}, True),
    "a file that a scan passes over": ({"src/specship/kinds/_none.py": "NONE = 2\n"}, False),
    "what nobody reaches": ({"src/specship/far.py": "def far():\n    return 2\n"}, False),
    "the list of public names": ({"src/specship/__init__.py": FACE + "\n\nOTHER = 1\n"}, False),
    "a comment": ({"src/specship/home.py": "def thing():\n    return 1  # one\n"}, False),
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    branches = {name.replace(" ", "-").replace(",", ""): files for name, (files, _) in EDITS.items()}
    broken: Files = {"src/specship/home.py": "def (\n"}
    return history(tmp_path_factory.mktemp("own"), OURS, {**branches, "broken": broken})


@pytest.mark.parametrize(
    ("name", "counts"), [(name, counts) for name, (_, counts) in EDITS.items()], ids=list(EDITS)
)
def test_exactly_what_the_digest_counts_has_a_probe_measure_otherwise(
    repository: Path, name: str, counts: bool
) -> None:
    found = review(repository, f"base..{name.replace(' ', '-').replace(',', '')}")
    assert [one.id for one in found.changes if one.kind == "code"] == (["our.words"] if counts else [])


def test_a_module_that_is_no_python_is_told(repository: Path) -> None:
    with pytest.raises(UnusableInput, match="what it reaches cannot be read"):
        review(repository, "base..broken")
