"""`specship corpus`, `tokenize` and `pretrain`, as somebody with files of their own uses them."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from specship.cli import main
from specship.pipeline.training.run_reading import checkpoint_path, read_run
from tests.models.initial_checkpoints import initial_checkpoint
from tests.models.training_data import comparable
from tests.processes import SCRIPTS

MODEL: Final = [
    "--hidden-size",
    "16",
    "--layers",
    "1",
    "--heads",
    "2",
    "--kv-heads",
    "1",
    "--intermediate-size",
    "32",
    "--max-positions",
    "32",
]
TRAINING: Final = [
    "--device",
    "cpu",
    "--threads",
    "1",
    "--sequence-length",
    "16",
    "--micro-batch",
    "8",
    "--steps",
    "700",
    "--warmup-steps",
    "5",
    "--evaluate-every",
    "350",
    "--evaluation-tokens",
    "2048",
]
SHORT: Final = ["--steps", "12", "--evaluate-every", "6", "--accept-starvation", "a test"]
WORDS: Final = ["value", "index", "name", "result", "path", "size", "data", "count", "node", "text"]


def write_text(folder: Path, files: int = 60) -> Path:
    """Python-like text, every file another."""
    folder.mkdir()
    for number in range(files):
        dice = random.Random(number)  # noqa: S311 - no secret
        names = [dice.choice(WORDS) + str(dice.randrange(50)) for _ in range(120)]
        lines = [
            f"def {name}({other}):\n    return {other} + {dice.randrange(99)}\n"
            for name, other in pairwise(names)
        ]
        (folder / f"part{number}.py").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus and its tokens, by the verbs."""
    base = tmp_path_factory.mktemp("by-hand")
    write_text(base / "text")
    assert main(["corpus", str(base / "text"), "--output", str(base / "corpus"), "--licence", "MIT"]) == 0
    assert (
        main(["tokenize", str(base / "corpus"), "--vocab-size", "300", "--output", str(base / "data")]) == 0
    )
    return base / "data"


def pretrain(data: Path, *more: str) -> int:
    return main(["pretrain", "--data", str(data), *TRAINING, *more])


def scratch(data: Path, run: Path, *more: str) -> int:
    return pretrain(data, *MODEL, "--output", str(run), *more)


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def test_corpus_and_tokens_are_the_stages_own(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The probes of the pipeline find nothing wrong with what the verbs wrote."""
    from specship.probes.measuring import measure
    from specship.probes.probe import Artifact
    from specship.probes.registry import all_probes

    corpus = data.parent / "corpus"
    artifacts = {
        name: Artifact(name, path, "0" * 64)
        for name, path in (("corpus", corpus), ("shards", data / "shards"), ("tokenizer", data / "tokenizer"))
    }
    for probe, sound in (
        ("shards.manifest", {"wrong_digests": 0, "unlisted_files": 0, "foreign_inputs": 0}),
        ("shards.encoding", {"mismatches": 0, "surplus_documents": 0}),
        ("corpus.split", {"shared_digests": 0, "shared_paths": 0}),
        ("tokenizer.round_trip", {"mismatches": 0}),
    ):
        figures = measure(all_probes()[probe], artifacts).quantities
        assert {name: figures[name].value for name in sound} == sound
    listed = json.loads((corpus / "manifest.json").read_text())
    assert (listed["source"]["label"], listed["licence"]["spdx"], listed["files_listed"]) == (
        "text",
        "MIT",
        60,
    )
    assert main(["corpus", str(data.parent / "text"), "--output", str(corpus)]) == 2
    assert "there is something here already" in capsys.readouterr().err
    assert not list(data.parent.glob(".tmp-*"))


REFUSED: Final = [
    (["corpus", "{text}", "--output", "{new}", "--suffixes", ".txt"], "a document is a UTF-8 file whose name ends in .txt"),
    (["corpus", "{text}/part1.py", "--output", "{new}"], "no kind of source reads this"),
    (["corpus", "{text}", "--output", "{new}", "--heldout-fraction", "2"], "--heldout-fraction 2: Input should be less than 1"),
    (["tokenize", "{text}", "--output", "{new}"], "not a corpus"),
    (["tokenize", "{corpus}", "--output", "{new}", "--vocab-size", "100000"], "not 100000"),
    (["tokenize", "{corpus}", "--output", "{new}", "--tokenizer", "{text}"], "there is no tokenizer.json"),
    (["tokenize", "{corpus}", "--output", "{new}", "--tokenizer", "{text}", "--vocab-size", "300"], "--tokenizer and --vocab-size"),
    (["pretrain", "--data", "{text}", "--output", "{new}"], "no token shards here"),
    (["pretrain", "--data", "{data}/shards", "--tokenizer", "{text}", "--output", "{new}"], "no tokenizer.json"),
    (["pretrain", "--data", "{data}", "--output", "{new}", "--steps", "ten"], "--steps 'ten': Input should be a valid integer"),
    (["pretrain", "--data", "{data}", "--output", "{new}", "--steps", "50"], "warmup_steps 1000 leaves none of 50 steps"),
    (["pretrain", "--data", "{data}", "--output", "{new}", "--device", "cuda:9", *TRAINING[2:], *SHORT], "cuda:9"),
    (["pretrain", "--data", "{data}", "--output", "{new}", *SHORT, *TRAINING, "--steps", "9" * 400], "less than or equal to"),
    (["pretrain", "--data", "{data}", "--output", "{new}", *TRAINING, *SHORT, "--hidden-size", "100000000"], "to be trained; cpu has"),
    (["pretrain", "--data", "{data}", "--output", "{new}", *TRAINING, *SHORT, "--max-positions", "8"], "exceeds max_positions 8"),
    (["pretrain", "--data", "{data}", "--output", "{new}", *TRAINING, *SHORT, "--precision", "bfloat16-autocast"], "autocast is for CUDA"),
    (["pretrain", "--data", "{data}", *TRAINING, *SHORT], "nowhere to write the run"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_unusable_input_is_exit_2_and_leaves_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    base = data.parent
    names = {"text": base / "text", "corpus": base / "corpus", "data": data, "new": tmp_path / "new"}
    before = everything_in(base)
    assert main([part.format(**names) if "{" in part else part for part in line]) == 2
    assert said in capsys.readouterr().err
    assert (everything_in(tmp_path), everything_in(base)) == ([], before)


def test_starved_model_is_refused_unless_somebody_says_why(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unique tokens count, not those asked for: a second pass feeds nobody."""
    short = SHORT[:4]
    assert scratch(data, tmp_path / "run", *short) == 2
    told = capsys.readouterr().err
    assert "1536 different tokens for 7152 parameters: 0.215 a parameter, and 20 are needed" in told
    assert "train on 143040 different tokens" in told
    assert not (tmp_path / "run").exists()
    assert scratch(data, tmp_path / "run", *short, "--accept-starvation", " ") == 2
    again = [*MODEL, "--hidden-size", "64", "--at-end", "cycle", "--steps", "90000"]
    assert pretrain(data, *again, "--output", str(tmp_path / "run")) == 2
    assert re.search(
        r"\d+ different tokens for \d{5} parameters: \d\.\d+ a parameter", capsys.readouterr().err
    )

    assert scratch(data, tmp_path / "run", *SHORT) == 0
    assert "bypass accept-starvation: a test" in capsys.readouterr().out
    (bypass,) = read_run(tmp_path / "run").bypasses
    assert (bypass.name, bypass.reason) == ("accept-starvation", "a test")
    assert bypass.figures["tokens_per_parameter"] == pytest.approx(1536 / 7152)


def test_many_passes_are_a_warning_and_with_a_limit_an_error(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ["--accept-starvation", "a test", "--at-end", "cycle", "--steps", "9000", "--dry-run"]
    assert scratch(data, tmp_path / "run", *many) == 0
    passes = re.search(r"warning: (\d+\.\d) passes over the corpus", capsys.readouterr().err)
    assert passes
    assert float(passes[1]) > 4
    assert scratch(data, tmp_path / "run", *many, "--max-passes", "4") == 2
    assert "passes over the corpus, and --max-passes allows 4" in capsys.readouterr().err
    assert scratch(data, tmp_path / "run", *SHORT, "--max-passes", "0.001") == 2
    assert scratch(data, tmp_path / "run", *[*SHORT, "--steps", "9000"]) == 2
    assert "the data end after" in capsys.readouterr().err


def test_held_out_set_too_small_for_the_patience_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two batches and a patience of two, which once ended a healthy run; sixteen and five may."""
    eager = ["--accept-starvation", "a test", "--steps", "60", "--evaluate-every", "5"]
    few = ["--evaluation-tokens", "256", "--patience", "2"]
    assert scratch(data, tmp_path / "run", *eager, *few) == 2
    told = capsys.readouterr().err
    assert "256 held-out tokens in 16 sequences have a standard error of about" in told
    assert "patience 2 for improvements of 0.05 needs less than 0.015" in told
    assert not (tmp_path / "run").exists()
    wide = ["--patience", "5", "--min-improvement", "0.2"]
    assert scratch(data, tmp_path / "run", *eager, *wide, "--dry-run") == 0
    assert scratch(data, tmp_path / "run", *eager, *few, "--patience", "12", "--dry-run") == 0
    assert "cannot end the run before its plan" in capsys.readouterr().out
    assert scratch(data, tmp_path / "run", *eager, "--patience", "1") == 2
    assert "set --patience to 5" in capsys.readouterr().err


def test_dry_run_says_what_it_would_take_and_writes_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = everything_in(data.parent)
    assert pretrain(data, *MODEL, *SHORT, "--output", "run", "--dry-run", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    plan, cost = found["plan"], found["forecast"]
    assert (plan["parameters"], plan["tokens"], plan["unique_tokens"], plan["steps"]) == (
        7152,
        1536,
        1536,
        12,
    )
    assert plan["held_out"]["tokens"] == 2048
    assert cost["wall_seconds"] >= 12 * cost["step_seconds"] > 0
    assert cost["memory_bytes"] > cost["memory_before_bytes"] > 50 << 20
    assert cost["beginning_seconds"] == 0
    assert (found["objections"], cost["checkpoint_beside_output"]) == ([], True)
    assert (everything_in(tmp_path), everything_in(data.parent)) == ([], before)
    assert pretrain(data, *MODEL, *SHORT[:4], "--dry-run") == 2
    shown = capsys.readouterr()
    assert "wall time    about" in shown.out
    assert shown.out.index("refused      accept-starvation: 1536 different") < shown.out.index("wall time")
    assert "MiB in all, " in shown.out
    assert "tried on the temporary disk: no --output" in shown.out
    assert "20 are needed" in shown.err


def test_a_cost_is_predicted_for_cards_that_are_not_here(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is called a prediction, needs no such card, and grows a batch that cannot be split."""
    plan = [*MODEL, *SHORT[:4], "--accept-starvation", "a test", "--device", "cuda", "--dry-run"]
    assert pretrain(data, *plan, "--on", "h200", "--devices", "1", "8", "1024") == 0
    shown = capsys.readouterr().out

    assert "predicted    for NVIDIA H200 SXM, a run that nobody measured" in shown
    assert "a batch 128 times as large" in shown
    assert "it is assumed: between hosts 400 Gb/s a card" in shown
    assert pretrain(data, *plan, "--on", "h20") == 2
    assert "h200" in capsys.readouterr().err
    assert pretrain(data, *[part for part in plan if part != "--dry-run"], "--on", "h200") == 2
    assert "--dry-run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("batch", "said"), [("5000", "(one step, cold)"), ("9000", "cost         not measured: the data do not")]
)
def test_dry_run_of_data_that_end_at_once_says_what_speaks_against_it(
    data: Path, capsys: pytest.CaptureFixture[str], batch: str, said: str
) -> None:
    """Fewer steps than are timed, or none at all: plan and objections come first, and no error hides them."""
    ends = ["--micro-batch", batch, "--accept-starvation", "a test", "--dry-run"]
    assert pretrain(data, *MODEL, *ends) == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("parameters   7 152\n")
    assert "refused      data-end: the data end after" in shown.out
    assert said in shown.out
    assert shown.err.startswith("the data end after")
    assert ("mend: plan 1 steps" if batch == "5000" else "mend: take smaller steps") in shown.err
    assert pretrain(data, *MODEL, *ends, "--format", "json") == 2
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["objections"]] == ["data-end"]
    assert (found["forecast"] is None) == (batch == "9000")


def test_dry_run_writes_a_checkpoint_where_the_run_will_be_and_counts_the_initial_one(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The disk that is foretold is what a run's checkpoints then take; nothing of the trial stays."""
    assert scratch(data, tmp_path / "run", *SHORT) == 0
    base = checkpoint_path(tmp_path / "run", 12)
    size = sum(path.stat().st_size for path in base.iterdir())
    before = everything_in(tmp_path)
    capsys.readouterr()
    line = [*SHORT, "--output", str(tmp_path / "deep/er/run"), "--dry-run", "--format", "json"]
    assert pretrain(data, *line, "--init", str(base)) == 0
    cost = json.loads(capsys.readouterr().out)["forecast"]
    assert cost["disk_bytes"] / 3 == pytest.approx(size, rel=0.02)
    assert cost["checkpoint_seconds"] > 0
    assert cost["beginning_seconds"] > 0
    assert cost["wall_seconds"] == pytest.approx(
        cost["beginning_seconds"]
        + 12 * cost["step_seconds"]
        + 3 * (cost["evaluation_seconds"] + cost["checkpoint_seconds"])
    )
    assert everything_in(tmp_path) == before


def test_dry_run_of_a_place_that_takes_no_file_says_so_after_the_plan(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scratch(data, Path("/proc/run"), *SHORT, "--dry-run") == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("parameters   7 152\n")
    assert re.search(r"/proc\S*: cannot write", shown.err)


@pytest.mark.slow
def test_forecast_is_of_the_right_size(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wall time of a real run within a factor of five, for machines that have other work."""
    longer = ["--steps", "150", "--evaluate-every", "50", "--accept-starvation", "a test"]
    assert scratch(data, tmp_path / "run", *longer, "--dry-run", "--format", "json") == 0
    foretold = json.loads(capsys.readouterr().out)["forecast"]["wall_seconds"]
    assert scratch(data, tmp_path / "run", *longer) == 0
    assert 0.2 < read_run(tmp_path / "run").wall_seconds / foretold < 5


def test_settings_come_from_a_file_and_flags_win(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sections as a profile has them; what is wrong is named with line and column."""
    file = tmp_path / "settings.yaml"
    file.write_text(
        "model: {hidden_size: 16, layers: 1, heads: 2, kv_heads: 1, intermediate_size: 32}\n"
        "training: {device: cpu, threads: 1, steps: 12, warmup_steps: 2, sequence_length: 16,\n"
        "  evaluate_every: 6, evaluation_tokens: 2048, seed: 7}\n"
    )
    line = ["pretrain", "--data", str(data), "--config", str(file), "--accept-starvation", "a test"]
    assert main([*line, "--output", str(tmp_path / "run"), "--seed", "9"]) == 0
    settings = read_run(tmp_path / "run").config.training
    assert (settings.seed, settings.steps, settings.warmup_steps) == (9, 12, 2)
    for text, said in (
        ("modle: {layers: 1}\n", "settings.yaml:1:1: no section is called 'modle'"),
        ("model: {layer: 1}\n", "settings.yaml:1:9"),
        ("training:\n  steps: many\n", "settings.yaml:2:10 SHIP203 steps: a whole number is expected"),
        ("training:\n  steps: 9\n  warmup_steps: 9\n", "leaves none of 9 steps to decay in"),
        ("training:\n  steps: 5\n  steps: 6\n", "settings.yaml:3:3"),
        ("- model\n", "sections of settings are expected"),
        ("a: &b 1\n", "anchors and aliases are refused"),
    ):
        file.write_text(text)
        assert main([*line, "--output", str(tmp_path / "new")]) == 2
        assert said in capsys.readouterr().err


def test_initial_checkpoint_by_hand(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Qwen2 with its own tokenizer: the corpus is encoded with it, and training begins from it."""
    theirs = initial_checkpoint(tmp_path / "theirs", data / "tokenizer", "qwen2", vocab_size=310)
    tuned = [*SHORT, "--init", str(theirs), "--output", str(tmp_path / "run")]
    assert (
        main(
            [
                "tokenize",
                str(data.parent / "corpus"),
                "--tokenizer",
                str(theirs),
                "--output",
                str(tmp_path / "own"),
            ]
        )
        == 0
    )
    assert pretrain(tmp_path / "own", *tuned, "--peak-learning-rate", "1e-3") == 0
    told = capsys.readouterr().out
    assert re.search(r"initial checkpoint theirs: own loss (\S+), at step 0 \S+, last \S+ nats/token", told)
    record = read_run(tmp_path / "run")
    assert record.config.training.mode == "fine-tune"
    assert record.initialisation is not None
    assert record.initialisation.difference is not None
    assert record.initialisation.difference < 1e-4
    last = str(checkpoint_path(tmp_path / "run", 12))
    assert main(["import", "checkpoint", last]) == 0
    assert main(["run", last, "def value", "--tokens", "4"]) == 0
    assert pretrain(data, *tuned, "--layers", "2") == 2
    assert "an initial checkpoint, and model settings: layers" in capsys.readouterr().err
    (theirs / "config.json").write_text(
        (theirs / "config.json").read_text().replace('"intermediate_size": 48', '"intermediate_size": 40')
    )
    assert pretrain(data, *tuned[:-1], str(tmp_path / "new")) == 2
    assert "the checkpoint does not fit its own configuration:" in capsys.readouterr().err


def test_run_that_ends_no_better_than_it_began_is_exit_1(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longer = ["--steps", "200", "--evaluate-every", "100", "--peak-learning-rate", "0.02"]
    assert scratch(data, tmp_path / "base", *SHORT, *longer) == 0
    best = str(checkpoint_path(tmp_path / "base", 200))
    spoil = ["--peak-learning-rate", "0.04", "--warmup-steps", "0", "--floor-share", "1", "--init", best]
    assert pretrain(data, *SHORT, *spoil, "--output", str(tmp_path / "run")) == 1
    assert "not below the initial" in capsys.readouterr().out


@pytest.mark.slow
def test_interrupted_run_is_finished_by_the_same_command(data: Path, tmp_path: Path) -> None:
    """The console script, Ctrl-C, then SIGTERM, then the log of a run that was never interrupted."""
    longer = ["--steps", "160", "--evaluate-every", "80", "--accept-starvation", "a test"]
    line = [
        str(SCRIPTS / "specship"),
        "pretrain",
        "--data",
        str(data),
        *TRAINING,
        *MODEL,
        *longer,
        "--output",
    ]
    assert subprocess.run([*line, str(tmp_path / "whole")], check=False).returncode == 0
    log = tmp_path / "cut/train.jsonl"
    for name, status, steps in (("SIGINT", 130, 20), ("SIGTERM", 143, 90)):
        child = subprocess.Popen([*line, str(tmp_path / "cut")])
        while child.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < steps):
            time.sleep(0.01)
        child.send_signal(signal.Signals[name])
        assert child.wait() == status
        assert read_run(tmp_path / "cut").status == "preempted"
    assert subprocess.run([*line, str(tmp_path / "cut")], check=False).returncode == 0
    assert comparable(tmp_path / "whole/train.jsonl") == comparable(log)
    assert read_run(tmp_path / "cut").sessions == 3


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    from specship.pipeline.training.settings import ModelSettings, TrainingSettings

    with pytest.raises(SystemExit):
        main(["pretrain", "--help"])
    shown: Any = capsys.readouterr().out
    for record in (ModelSettings, TrainingSettings):
        for name in record.model_fields:
            assert f"--{name.replace('_', '-')} " in shown
