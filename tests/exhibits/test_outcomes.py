"""Grids of outcomes, from the files that an evaluation leaves."""

import json
from pathlib import Path

from specship.exhibits.outcomes import outcome_grids
from tests.report.shown_reports import stage

HEADING = {
    "format": "specship humaneval outcomes 3", "problems_sha256": "p", "problems": 2, "completions_sha256": "c",
    "samples": 3, "level": "namespaces", "generated": None, "limits": {}, "stops": True, "shard": [1, 1],
}  # fmt: skip
ENDING = {
    "ended": True,
    "sandbox": {"level": "namespaces", "fit_for_release": True, "canaries": 1, "canary_faults": []},
}


def line(task: str, index: int, outcome: str) -> dict[str, object]:
    return {
        "task_id": task,
        "index": index,
        "outcome": outcome,
        "detail": "",
        "seconds": 0.1,
        "extraction": "body",
    }


def test_a_grid_a_run_in_the_order_of_problems(tmp_path: Path) -> None:
    node = stage("humaneval").model_copy(update={"path": "made"})
    for run in ("run-2", "run-10"):
        (tmp_path / "made" / run).mkdir(parents=True)
    lines = [HEADING, line("HumanEval/10", 0, "passed"), line("HumanEval/2", 1, "failed:timeout"),
             line("HumanEval/2", 0, "passed"), ENDING]  # fmt: skip
    text = "".join(json.dumps(one) + "\n" for one in lines)
    (tmp_path / "made/run-2/outcomes.jsonl").write_text(text)
    (tmp_path / "made/run-10/outcomes.jsonl").write_text(text[:-30])
    whole, cut = outcome_grids(tmp_path, node)

    assert (whole.name, whole.sandbox) == ("HumanEval, run 2", "namespaces")
    assert [(task.task, task.outcomes) for task in whole.tasks] == [
        ("HumanEval/2", ("passed", "failed:timeout")), ("HumanEval/10", ("passed",)),
    ]  # fmt: skip
    assert cut.tasks == ()
    assert "not through" in cut.note
