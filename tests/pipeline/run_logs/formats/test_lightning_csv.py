"""Lightning's metrics.csv: train and validation on lines of their own, every k-th step, hostile tables."""

from pathlib import Path

import pytest

from specship.cli import main
from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.lightning_csv import read_metrics
from tests.diagnose.trainer_logs import Draw, log
from tests.diagnose.written_runs import Records, names
from tests.pipeline.run_logs.formats.real_lightning import STEPS, VOCABULARY, train

COLUMNS = ("epoch", "grad_norm", "lr", "step", "train_loss", "val_loss")
KEYS = {"grad_norm": "grad_norm", "learning_rate": "lr", "loss": "train_loss", "eval_loss": "val_loss"}


def table(records: Records) -> str:
    """As CSVLogger writes it: steps from 0, a column for every name, empty where a line has none."""
    lines = [",".join(COLUMNS)]
    for one in records:
        cells = {KEYS[key]: value for key, value in one.items() if key in KEYS}
        cells |= {"step": one["step"] - 1, "epoch": 0}
        lines.append(",".join(str(cells.get(name, "")) for name in COLUMNS))
    return "\n".join(lines) + "\n"


def written(folder: Path, text: str | bytes, name: str = "metrics.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_tenth_step_is_no_broken_count(tmp_path: Path) -> None:
    found = diagnose_run(written(tmp_path, table(log(Draw(1)))).parent)

    assert (names(found), found.facts.kind, found.facts.log_every) == ([], "Lightning log", 10)
    assert "broken-count" in found.examined
    assert [one.step for one in found.facts.evaluations] == [99, 199, 299, 399, 499, 599]
    assert str(found.facts.steps[1].line) == "metrics.csv:3"


@pytest.mark.parametrize(
    "name", ["metrics.csv", "version_3/metrics.csv", "lightning_logs/version_0/metrics.csv", "my-metrics.csv"]
)
def test_it_is_found_where_lightning_puts_it(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, table(log(Draw(1))), name)

    for run in (tmp_path, path):
        assert len(diagnose_run(run).facts.steps) == 60


def test_the_newest_version_is_read(tmp_path: Path) -> None:
    for version in (2, 10, 9):
        records = log(Draw(version), steps=10 * version)
        written(tmp_path, table(records), f"lightning_logs/version_{version}/metrics.csv")

    assert diagnose_run(tmp_path).facts.steps[-1].step == 99


def test_a_sick_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = log(Draw(1))
    history[-1]["eval_loss"] = float("nan")
    path = written(tmp_path, table(history))

    assert main(["diagnose", str(path)]) == 1
    assert "non-finite" in capsys.readouterr().out


def test_a_rate_on_a_line_of_its_own_joins_its_step(tmp_path: Path) -> None:
    text = "step,lr-AdamW,train_loss_step,epoch\n0,0.1,,0\n0,,3.5,0\n1,0.2,,0\n2,,3.1,0\n"
    steps = read_metrics(written(tmp_path, text))[0].steps

    assert [(one.step, one.lr, one.loss) for one in steps] == [(0, 0.1, 3.5), (2, None, 3.1)]


def test_what_of_a_table_cannot_be_read_is_said(tmp_path: Path) -> None:
    text = "step,train_loss\n0,3.5\n1,low\n2,3.3,9\n3.5,3.2\n4,1_0\n5.0,3.0\n"
    facts, damage = read_metrics(written(tmp_path, text))

    assert [(one.step, one.loss) for one in facts.steps] == [(0, 3.5), (5, 3.0)]
    assert damage == [
        "metrics.csv:3: train_loss is 'low', no number",
        "metrics.csv:4: it has 3 columns, the first line names 2",
        "metrics.csv:5: step is '3.5', no whole number",
        "metrics.csv:6: train_loss is '1_0', no number",
    ]
    assert facts.damage == tuple(damage)


def test_a_table_that_is_none_is_given_up(tmp_path: Path) -> None:
    damage = read_metrics(written(tmp_path, "step,train_loss\n" + "1,x\n" * 5000))[1]

    assert len(damage) == 101
    assert damage[-1].endswith("what stands behind it was not")


@pytest.mark.parametrize(
    "text",
    ["", "loss,epoch\n1,2\n", "step,step\n1,2\n", b"\xff\xfe", 'step,"a\n', "step," + "x" * 200_000 + "\n"],
)
def test_what_is_no_table_of_metrics_has_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | bytes
) -> None:
    path = written(tmp_path, text)

    assert main(["diagnose", str(path)]) == 2
    assert "metrics.csv" in capsys.readouterr().err
    with pytest.raises(SpecshipError):
        read_metrics(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
@pytest.mark.parametrize("fault", ["", "constant-losses", "learning-rate-zero", "divergence"])
def test_what_lightning_trains_is_judged(tmp_path: Path, fault: str) -> None:
    pytest.importorskip("lightning", reason="lightning is not installed: no run of its own was judged")
    train(tmp_path, fault)
    told = {
        "vocabulary": str(VOCABULARY), "planned_steps": str(STEPS), "device_asked": "cpu", "device_got": "cpu",
        "parameters": str(VOCABULARY**2), "unique_tokens": "300000", "tokens_per_step": "256", "mode": "scratch",
    }  # fmt: skip
    found = diagnose_run(tmp_path, told)

    assert found.facts.kind == "Lightning log"
    assert names(found)[:1] == ([fault] if fault else [])
    assert found.binding == "healthy" or fault
    (checkpoint,) = tmp_path.glob("lightning_logs/version_0/checkpoints/*.ckpt")
    with pytest.raises(SpecshipError, match=f"global_step {STEPS}"):
        diagnose_run(checkpoint)
