"""Event files of a report, read back by our reader of the format, and by TensorBoard where it is installed."""

from pathlib import Path

import pytest

from specship.pipeline.run_logs.formats.event_file import _records
from specship.report.formats import write
from tests.report.judged_reports import EXPECTED, judged


def test_each_figure_is_a_scalar(tmp_path: Path) -> None:
    made = write("tensorboard", judged(), tmp_path)
    damage: list[str] = []

    assert [path.parent.name for path in made] == ["MODEL-1-release", "MODEL-1-a-b"]
    for path in made:
        (line, record), *more = _records(path, damage)[0]
        assert (record, more, damage) == ({"step": 0, **EXPECTED}, [], [])
        assert line.number == 2


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write("tensorboard", judged(), tmp_path / name) for name in ("a", "b"))

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
def test_tensorboard_reads_it_back(tmp_path: Path) -> None:
    loading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="tensorboard is not installed: what was written was read by our own reader alone",
    )
    path = write("tensorboard", judged(), tmp_path)[0]
    events = loading.EventAccumulator(str(path.parent))
    events.Reload()

    assert {tag: events.Scalars(tag)[0].value for tag in events.Tags()["scalars"]} == EXPECTED
    assert events.Scalars("ship_percent")[0].wall_time == pytest.approx(1796061604.0, abs=1e9)
