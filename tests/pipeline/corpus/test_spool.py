"""A corpus whose making was ended goes on where it was, and comes out as if it never had been."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.pipeline.corpus import spool
from specship.pipeline.corpus.making import SPOOL, make_corpus, open_sources
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source_kind import FoundDocument
from specship.pipeline.corpus.spool import PlaceInSources, Spool, digest_text
from specship.pipeline.stage import Work
from tests.models.data_chain import silent, write_code


def made(project: Path, output: Path, report: Any = silent, **settings: Any) -> dict[str, bytes]:
    """The files of a corpus of the project's folder and of a file of records."""
    sources = [
        {"kind": "folder", "path": "code", "licence": "MIT"},
        {"kind": "json-lines", "path": "a.jsonl", "licence": "MIT"},
    ]
    checked = CorpusSettings.model_validate_json(
        json.dumps({"heldout_fraction": 0.3, "sources": sources, **settings})
    )
    output.mkdir(exist_ok=True)
    make_corpus(open_sources(checked, project), checked, Work({}, {}, output, report))
    return {path.name: path.read_bytes() for path in output.iterdir()}


class Killed(BaseException):
    """What a kill leaves: nothing is caught, closed or written behind it."""


def killed_after(documents: int) -> Any:
    def report(_done: float, _total: float, _unit: str, **figures: Any) -> None:
        if figures.get("documents", 0) >= documents:
            raise Killed

    return report


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_code(tmp_path / "code", files=40)
    lines = [
        json.dumps({"text": f"record {n} " + " ".join(f"w{n}_{k}" for k in range(30))}) for n in range(60)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize("documents", [3, 39, 70])
def test_a_killed_run_goes_on_and_reads_nothing_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch, documents: int
) -> None:
    whole = made(project, project / "whole")
    monkeypatch.setattr(spool, "_SAVED_EVERY", 0.0)
    with pytest.raises(Killed):
        made(project, project / "resumed", killed_after(documents))
    state = json.loads((project / "resumed" / SPOOL / "state.json").read_text())
    assert (state["cursor"]["source"], state["cursor"]["item"]) != (0, 0)
    with (project / "resumed" / SPOOL / "texts.bin").open("ab") as file:
        file.write(b"bytes that a kill left behind the last state")
    read: list[Any] = []
    original = Spool.add

    def counted(*given: Any) -> None:
        read.append(given)
        original(*given)

    monkeypatch.setattr(Spool, "add", counted)
    assert made(project, project / "resumed") == whole
    assert 0 < len(read) < 100 - documents + 45


def test_another_setting_begins_anew(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_SAVED_EVERY", 0.0)
    with pytest.raises(Killed):
        made(project, project / "resumed", killed_after(20))
    again = made(project, project / "resumed", file_bytes_limit=5000)
    assert again == made(project, project / "whole", file_bytes_limit=5000)


def test_digests_that_end_in_zeros_keep_them(tmp_path: Path) -> None:
    with_zero = next(n for n in range(10_000) if _sha(n).endswith("00"))
    found = Spool(tmp_path, "x")
    found.add(0, FoundDocument("a", str(with_zero).encode()), "MIT")
    facts = found.finish(PlaceInSources(1))
    assert digest_text(facts[0]) == _sha(with_zero)
    assert found.text(facts[0]) == str(with_zero).encode()
    found.close()


def _sha(number: int) -> str:
    import hashlib

    return hashlib.sha256(str(number).encode()).hexdigest()
