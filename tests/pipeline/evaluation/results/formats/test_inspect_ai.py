"""Logs of Inspect: real ones as JSON and packed, with answers that never came, and ones that were spoiled."""

import json
import sys
import zipfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from specship.errors import RequirementMissing, SpecshipError
from specship.pipeline.evaluation.results.formats.inspect_ai import unpacked
from specship.pipeline.evaluation.results.records import HarnessResult
from specship.pipeline.evaluation.results.result_format import find_result
from tests.projects.evaluated_project import RESULTS

LOGS = RESULTS / "inspect"


def read(path: Path) -> HarnessResult:
    return find_result(path, "sums", "mean").read("sums")


def packed(folder: Path, log: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A log as Inspect packs it, in a way that every Python unpacks."""
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("header.json", json.dumps({**log, "samples": None}))
        for sample in log["samples"]:
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
    return path


def log(name: str = "sums") -> dict[str, Any]:
    document: dict[str, Any] = json.loads((LOGS / f"{name}.json").read_text())
    return document


def test_a_real_log_says_what_stands_in_it() -> None:
    found = read(LOGS / "sums.json")
    assert (found.harness, found.version, found.metric) == ("Inspect 0.3.285", "2", "mean,exact")
    assert (found.answered, found.dataset, found.limited, found.unfinished) == (24, 24, "", "")
    assert found.mean == pytest.approx(found.value, abs=1e-12)
    assert found.error_of_mean == pytest.approx(found.standard_error, abs=1e-12)
    assert not found.template_told


def test_answers_that_never_came_are_neither_right_nor_wrong() -> None:
    found = read(LOGS / "errors.json")
    assert found.samples is not None
    errors = [sample for sample in found.samples if sample.error]
    assert (len(errors), len(found.scores), found.answered) == (4, 20, 20)
    assert "ran out of values" in errors[0].error
    assert found.mean == pytest.approx(found.value, abs=1e-12)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_packed_log_says_the_same(method: int, tmp_path: Path) -> None:
    plain, archived = read(LOGS / "sums.json"), read(packed(tmp_path, log(), method))
    assert (archived.value, archived.answered) == (plain.value, plain.answered)
    assert {(one.key, one.asked, one.outcome) for one in archived.samples or ()} == {
        (one.key, one.asked, one.outcome) for one in plain.samples or ()
    }


def test_a_log_as_inspect_packs_it_is_read_or_its_mend_is_named() -> None:
    if any(find_spec(name) for name in ("zstandard", "compression")):
        found = read(LOGS / "limited.eval")
        assert (found.limited, found.dataset, len(found.samples or ())) == ("limit 5", 24, 5)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("zstandard", "compression"):  # a light install before Python 3.14
            patch.setitem(sys.modules, name, None)
        with pytest.raises(RequirementMissing, match=r"pip install zstandard .*'specship\[inspect\]'"):
            read(LOGS / "limited.eval")


@pytest.mark.skipif(not any(map(find_spec, ("zstandard", "compression"))), reason="needs specship[inspect]")
def test_a_whole_log_as_inspect_packs_it_gives_its_score_again() -> None:
    found = read(LOGS / "sums.eval")
    assert (found.answered, found.dataset, found.limited, found.unfinished) == (24, 24, "", "")
    assert found.mean == pytest.approx(found.value, abs=1e-12) == 14 / 24
    assert unpacked(LOGS / "sums.eval")["samples"][0]["id"] == "0-0"


@pytest.mark.skipif(not any(map(find_spec, ("zstandard", "compression"))), reason="needs specship[inspect]")
@pytest.mark.parametrize("at", [3000, 20000, -300, -40])
def test_a_packed_log_that_was_spoiled_is_refused(at: int, tmp_path: Path) -> None:
    data = bytearray((LOGS / "sums.eval").read_bytes())
    data[at : at + 8] = b"\0" * 8
    path = tmp_path / "sums.eval"
    path.write_bytes(data)
    with pytest.raises(SpecshipError):
        unpacked(path)


@pytest.mark.parametrize(
    ("edit", "attribute", "value"),
    [
        (lambda one: one["eval"]["config"].update(limit=5), "limited", "limit 5"),
        (lambda one: one["eval"]["config"].update(sample_id=["0-1"]), "limited", "samples chosen by id"),
        (
            lambda one: one["eval"]["config"].update(epochs=3),
            "limited",
            "epochs 3: one answer a sample is read",
        ),
        (lambda one: one.update(status="cancelled"), "unfinished", "its status is cancelled"),
    ],
)
def test_a_run_that_is_no_whole_one_says_so(edit: Any, attribute: str, value: str, tmp_path: Path) -> None:
    document = log()
    edit(document)
    (tmp_path / "log.json").write_text(json.dumps(document))
    assert getattr(read(tmp_path), attribute) == value


@pytest.mark.parametrize("key", ["eval", "results", "samples", "plan", "status"])
@pytest.mark.parametrize("value", [None, 3, "a", [1], {"config": 3, "task": "sums"}])
def test_any_shape_is_read_or_refused_with_a_sentence(key: str, value: object, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps(log() | {key: value}))
    with suppress(SpecshipError):
        read(tmp_path)
