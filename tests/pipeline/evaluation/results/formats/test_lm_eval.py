"""Results of lm-evaluation-harness: real ones, cut ones, and ones that were edited."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from specship import bounds
from specship.errors import DamagedArtifact, RequirementMissing, SpecshipError, UnknownName
from specship.pipeline.evaluation.results.records import HarnessResult
from specship.pipeline.evaluation.results.result_format import find_result
from tests.projects.evaluated_project import RESULTS, TASK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a real result with its samples."""
    return Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "results"))


def read(folder: Path, metric: str = "acc") -> HarnessResult:
    return find_result(folder, TASK, metric).read(TASK)


def edit_lines(folder: Path, edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    path = next(folder.glob("*.jsonl"))
    lines = edit([json.loads(line) for line in path.read_text().splitlines()])
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def edit_results(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = next(folder.glob("*.json"))
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def test_a_real_result_says_what_stands_in_it(folder: Path) -> None:
    found = read(folder)
    assert found.harness == "lm-evaluation-harness 0.4.13"
    assert (found.version, found.metric, found.few_shot, found.parameters) == ("1.0", "acc,none", 1, 23544)
    assert (found.answered, found.dataset, found.limited) == (40, 40, "")
    assert found.tokens == {"eos": ("<|im_end|>", 2), "pad": ("<|endoftext|>", 0)}
    assert found.template_told
    assert found.template_sha256 is not None
    assert found.template_sha256.startswith("5dc3f30e")


def test_its_samples_give_the_score_again(folder: Path) -> None:
    found = read(folder)
    assert found.mean == pytest.approx(found.value, abs=1e-12)
    assert found.error_of_mean == pytest.approx(found.standard_error, abs=1e-12)
    assert not found.reordered
    assert found.samples is not None
    assert not any(sample.altered for sample in found.samples)


def test_a_metric_is_named_with_its_filter_or_without(folder: Path) -> None:
    assert read(folder, "acc,none") == read(folder)
    with pytest.raises(UnknownName, match="name one of"):
        read(folder, "f1")


def test_samples_that_are_gone_or_edited_are_seen(folder: Path) -> None:
    edit_lines(folder, lambda lines: lines[1:])
    assert read(folder).reordered
    edit_lines(folder, lambda lines: [lines[0] | {"target": "7"}, *lines[1:]])
    samples = read(folder).samples
    assert samples is not None
    assert [sample.key for sample in samples if sample.altered] == ["1"]


def test_a_limit_is_read(folder: Path) -> None:
    edit_results(folder, lambda document: document["config"].update(limit=10.0))
    assert read(folder).limited == "limit 10.0"


def test_without_samples_there_is_no_mean(folder: Path) -> None:
    next(folder.glob("*.jsonl")).unlink()
    found = read(folder)
    assert (found.samples, found.mean, found.error_of_mean) == (None, None, None)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[:-30], r"samples_tiny_arith.*jsonl:40.*cut"),
        (lambda text: text.replace('"doc_id": 2', '"doc_id": NaN', 1), r"jsonl:3:.*NaN"),
        (lambda text: text.replace('"doc_hash"', '"hash"', 1), r"jsonl:1.*no sample"),
        (lambda text: "[]\n" + text, r"jsonl:1.*no sample"),
        (lambda text: '{"a": 1, "a": 2}\n' + text, r"jsonl:1.*twice"),
    ],
)
def test_damaged_samples_are_named_with_their_line(
    spoil: Callable[[str], str], said: str, folder: Path
) -> None:
    path = next(folder.glob("*.jsonl"))
    path.write_text(spoil(path.read_text()))
    with pytest.raises(DamagedArtifact, match=said):
        read(folder)


@pytest.mark.parametrize("value", [None, "0.4", True, [], {}])
def test_a_figure_that_is_none_is_no_metric(value: object, folder: Path) -> None:
    edit_results(folder, lambda document: document["results"][TASK].update({"acc,none": value}))
    with pytest.raises(UnknownName, match="acc_norm"):
        read(folder)


@pytest.mark.parametrize("key", ["results", "configs", "config", "n-samples", "versions", "task_hashes"])
@pytest.mark.parametrize("value", [None, 3, "a", [1], {"tiny_arith": []}, {"tiny_arith": {"effective": -1}}])
def test_any_shape_is_read_or_refused_with_a_sentence(key: str, value: object, folder: Path) -> None:
    edit_results(folder, lambda document: document.update({key: value}))
    with suppress(SpecshipError):
        found = read(folder)
        assert found.answered is None or found.answered >= 0


def test_a_task_that_is_not_there_is_missing(folder: Path) -> None:
    with pytest.raises(RequirementMissing, match="tasks of results there: tiny_arith"):
        find_result(folder, "tiny_aritm", "acc")
    with pytest.raises(RequirementMissing, match="not there"):
        find_result(folder / "nowhere", TASK, "acc")


def test_of_two_results_none_is_chosen(folder: Path) -> None:
    path = next(folder.glob("*.json"))
    shutil.copyfile(path, folder / path.name.replace("571553", "571554"))
    with pytest.raises(DamagedArtifact, match="the better one could be taken"):
        read(folder)
    assert find_result(path, TASK, "acc").read(TASK).value == 0.425


def test_a_link_is_not_followed(folder: Path) -> None:
    path = next(folder.glob("*.jsonl"))
    path.rename(folder.parent / "elsewhere.jsonl")
    path.symlink_to(folder.parent / "elsewhere.jsonl")
    with pytest.raises(DamagedArtifact, match="a link"):
        read(folder)


def test_more_samples_than_the_bound_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "RESULT_SAMPLES", 40)
    assert read(folder).answered == 40
    monkeypatch.setattr(bounds, "RESULT_SAMPLES", 39)
    with pytest.raises(DamagedArtifact, match="more than 39 samples"):
        read(folder)
