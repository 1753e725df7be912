"""Offline runs of Weights & Biases from a report, read back by our reader, and by wandb where it is installed."""

import json
from pathlib import Path

import pytest

from specship.pipeline.run_logs.formats._protobuf import fields
from specship.pipeline.run_logs.formats.wandb_run import _items, _records
from specship.report.formats import write
from tests.report.judged_reports import EXPECTED, judged


def test_each_figure_stands_in_history_and_summary(tmp_path: Path) -> None:
    made = write("wandb", judged(), tmp_path)
    damage: list[str] = []

    assert len({path.parent for path in made}) == 2
    for path in made:
        records = [dict(fields(one)) for one in _records(path.name, path.read_bytes(), damage)]
        history, summary = (dict(_items(records[at][kind], 1)) for at, kind in ((1, 2), (2, 3)))  # type: ignore[arg-type]
        assert damage == []
        assert summary == EXPECTED
        assert {name: value for name, value in history.items() if not name.startswith("_")} == EXPECTED
        assert [one[1] for one in records] == [1, 2, 3, 4]
        assert 18 in records[3]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
def test_wandb_reads_it_back(tmp_path: Path) -> None:
    reason = "wandb is not installed: what was written was read by our own reader alone"
    proto = pytest.importorskip("wandb.proto.wandb_internal_pb2", reason=reason)
    path = write("wandb", judged(), tmp_path)[0]
    records = [proto.Record.FromString(one) for one in _records(path.name, path.read_bytes(), [])]
    kinds = [one.WhichOneof("record_type") for one in records]

    assert kinds == ["run", "history", "summary", "exit"]
    assert records[0].run.project == "specship"
    assert records[0].run.display_name == "MODEL-1-release"
    assert {one.key: json.loads(one.value_json) for one in records[2].summary.update} == EXPECTED
    assert records[0].run.start_time.seconds > 1_700_000_000
