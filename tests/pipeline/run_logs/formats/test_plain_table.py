"""Tables of a script of its own: names that are known, names that are told, and tables that are refused."""

import math
from pathlib import Path

import pytest

from specship.cli import main
from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.plain_table import read_plain_table
from specship.pipeline.run_logs.series.columns import Columns
from tests.diagnose.trainer_logs import Draw, log
from tests.diagnose.written_runs import Records, names


def table(records: Records, **called: str) -> str:
    """A line a record, each figure under the name that the author gives it."""
    lines = [",".join(called.values())]
    lines += [",".join(str(one.get(key, "")) for key in called) for one in records]
    return "\n".join(lines) + "\n"


OWN = {"step": "it", "loss": "cost", "learning_rate": "eta", "grad_norm": "gnorm", "eval_loss": "held"}
TOLD = {
    "columns.step": "it",
    "columns.loss": "cost",
    "columns.lr": "eta",
    "columns.grad_norm": "gnorm",
    "columns.val_loss": "held",
}


def written(folder: Path, text: str, name: str = "progress.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_known_names_need_no_telling(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        table(log(Draw(1)), step="Iteration", loss="Train/Loss", learning_rate="LR", eval_loss="val_loss"),
    )
    found = diagnose_run(tmp_path)

    assert (names(found), found.facts.kind, found.facts.log_every) == ([], "CSV log", 10)
    assert [one.step for one in found.facts.evaluations] == [100, 200, 300, 400, 500, 600]
    assert found.facts.steps[0].lr is not None
    assert str(found.facts.steps[1].line) == f"{path.name}:3"


def test_names_of_ones_own_are_told(tmp_path: Path) -> None:
    records = log(Draw(1))
    facts = diagnose_run(written(tmp_path, table(records, **OWN)), TOLD).facts
    logged = [one for one in records if "loss" in one]

    assert [(one.step, one.loss, one.grad_norm, one.lr) for one in facts.steps] == [
        (one["step"], one["loss"], one["grad_norm"], one["learning_rate"]) for one in logged
    ]
    assert len(facts.evaluations) == 6


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("it,cost", "which column is the step is not known"),
        ("step,cost", "which column is the loss is not known"),
        ("step,loss,train_loss", "several columns can be the loss: train_loss, loss"),
        ("step,iter,loss", "several columns can be the step: step, iter"),
    ],
)
def test_a_table_that_can_mean_several_things_is_refused_by_its_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str, message: str
) -> None:
    path = written(tmp_path, f"{header}\n" + "1,2,3\n"[: 2 * len(header.split(","))] + "\n")

    assert main(["diagnose", str(path)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert all(name in said for name in header.split(","))
    assert "--fact columns." in said


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"columns.loss": "los"}, "no column is called 'los'"),
        ({"columns.los": "loss"}, "no column is known as 'los'"),
        ({"columns.loss_is": "sum"}, "columns.loss_is: Input should be 'mean' or 'summed'"),
        ({"columns.loss_is": "summed"}, "loss_is summed needs accumulation"),
        ({"columns.tokens_are": "device"}, "tokens_are device needs devices"),
        ({"columns.accumulation": "0"}, "columns.accumulation"),
        ({"columns.accumulation": "many"}, "columns.accumulation"),
    ],
)
def test_what_is_told_wrongly_is_refused(tmp_path: Path, told: dict[str, str], message: str) -> None:
    path = written(tmp_path, "step,loss\n1,2\n")

    with pytest.raises(SpecshipError) as caught:
        diagnose_run(path, told)
    assert message in str(caught.value)


def test_units_that_are_told_are_applied(tmp_path: Path) -> None:
    path = written(tmp_path, "step,loss,val_loss,tokens_per_second,tokens_seen\n1,16,4,100,1000\n")
    columns = Columns(loss_is="summed", accumulation=8, loss_unit="bits", tokens_are="device", devices=4)
    facts, _ = read_plain_table(path, columns)

    assert facts.steps[0].loss == pytest.approx(2 * math.log(2))
    assert facts.evaluations[0].loss == pytest.approx(4 * math.log(2))
    assert (facts.steps[0].tokens_per_second, facts.steps[0].tokens_seen) == (400, 4000)


def test_a_rate_of_an_epoch_is_that_of_its_first_step(tmp_path: Path) -> None:
    path = written(tmp_path, "step,loss,lr\n1,3,0.1\n2,3,0.1\n3,2,0.05\n4,2,0.05\n")
    facts, _ = read_plain_table(path, Columns(lr_is="epoch"))

    assert [one.lr for one in facts.steps] == [0.1, None, 0.05, None]


def test_records_without_a_step_are_counted_where_the_distance_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "loss,val_loss\n3,\n2.5,2.6\n,2.4\n2,\n")
    facts, _ = read_plain_table(path, Columns(every=10))

    assert [one.step for one in facts.steps] == [10, 20, 30]
    assert [one.step for one in facts.evaluations] == [20, 20]


def test_other_columns_may_hold_anything(tmp_path: Path) -> None:
    path = written(tmp_path, 'time,step,split,loss\n12:30,1,"train, a",3.5\n12:31,2,x,2.5\n')
    facts, damage = read_plain_table(path)

    assert ([one.loss for one in facts.steps], damage) == ([3.5, 2.5], [])


def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "step,loss\n1,3.5\n2,low\n3\n4.5,2\n5,2.2\n6,2.1")
    facts, damage = read_plain_table(path)

    assert [one.step for one in facts.steps] == [1, 5]
    assert damage == [
        "progress.csv:3: loss is 'low', no number",
        "progress.csv:4: it has 1 columns, the first line names 2",
        "progress.csv:5: step is '4.5', no whole number",
        "progress.csv:7 has no newline: it may have been cut while it was written",
    ]


@pytest.mark.parametrize("text", ["", "1,2\n3,4\n", "step,step\n1,2\n", 'step,loss\n1,"2\n'])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecshipError):
        read_plain_table(written(tmp_path, text))


def test_of_several_tables_one_is_named(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        written(tmp_path, "step,loss\n1,2\n2,1\n", name)
    with pytest.raises(SpecshipError, match="2 logs lie here"):
        diagnose_run(tmp_path)

    assert diagnose_run(tmp_path, {"columns.run": "b.csv"}).facts.steps[0].line.file == "b.csv"


LOST = {
    "pandas writes NaN as nothing": (
        "step,loss,lr",
        [(i, 3 - i / 50 if i < 23 else "", 0.1) for i in range(1, 41)],
        18,
    ),
    "lost where held-out text is scored too": (
        "step,loss,grad_norm,val_loss",
        [(i, 3 - i / 50 if i < 31 else "", 0.5, 2.0 if i % 10 == 0 else "") for i in range(1, 41)],
        10,
    ),
    "a loss every second step": (
        "step,loss,lr",
        [(i, 3 - i / 50 if i % 2 else "", 0.1) for i in range(1, 41)],
        0,
    ),
    "held-out rows of their own": (
        "step,loss,val_loss",
        [(i, "" if i % 10 == 0 else 3 - i / 50, 2.0 if i % 10 == 0 else "") for i in range(1, 41)],
        0,
    ),
}


@pytest.mark.parametrize(("header", "rows", "lost"), LOST.values(), ids=LOST)
def test_a_blank_is_a_lost_loss_where_one_ought_to_be(
    header: str, rows: list[tuple[object, ...]], lost: int, tmp_path: Path
) -> None:
    text = "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
    facts, _ = read_plain_table(written(tmp_path, text))

    assert sum(one.loss is not None and math.isnan(one.loss) for one in facts.steps) == lost
