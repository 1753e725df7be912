"""`specship adopt`: a project around what somebody has, judged at once; theirs stays as it was."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.digests import digest_of, sha256_file
from tests.editing import edit_json
from tests.models import trained_checkpoint
from tests.models.foreign_checkpoints import foreign
from tests.places import ROOT
from tests.processes import inside, run_pytest, specship
from tests.projects.evaluated_project import RESULTS, worse_run
from tests.projects.logged_project import write_run
from tests.projects.small_project import edit


def bytes_of(folder: Path) -> str:
    return digest_of([(str(path), sha256_file(path)) for path in sorted(folder.rglob("*")) if path.is_file()])


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(trained_checkpoint.trained(), tmp_path / "theirs"))
    (folder / "tokenizer_config.json").write_text('{"eos_token": "<|endoftext|>"}')
    return folder


@pytest.mark.slow
def test_a_checkpoint_is_adopted_judged_and_seen_to_fail(theirs: Path, tmp_path: Path) -> None:
    before = bytes_of(theirs)
    project = tmp_path / "project"
    project.mkdir()
    done = specship("adopt", "../theirs", "--format", "json", folder=project)
    adopted = json.loads(done.stdout)
    bound = [gate for gate in adopted["gates"] if gate["probe"]]

    assert (done.returncode, len(bound), len(adopted["gates"])) == (0, 6, 7)
    assert bytes_of(theirs) == before
    assert adopted["found"][0]["kind"] == "checkpoint"
    proposals = sum(len(gate["proposed"]) for gate in bound)
    assert specship("lint", folder=project).stdout.count("SHIP418") == proposals > 0

    shipped = run_pytest(project, "-m", "ship")
    assert "6 passed, 1 skipped" in shipped.stdout
    falsified = run_pytest(project, "-m", "falsify", "-n", "2")
    assert "30 of 30 pairs caught as predicted" in falsified.stdout
    assert specship("faults", "--arm", folder=project).returncode == 0
    status = json.loads(specship("status", "--format", "json", folder=project).stdout)
    assert status["models"][0]["ship_percent"] == 70


@pytest.mark.slow
def test_a_gguf_alone_is_adopted_and_seen_to_fail(tmp_path: Path) -> None:
    shutil.copy(trained_checkpoint.exported(), tmp_path / "mine.gguf")
    done = specship("adopt", "mine.gguf", "--format", "json", folder=tmp_path)

    assert json.loads(done.stdout)["found"][0]["says"] == "a GGUF of llama, 20 tensors"
    assert "1 passed" in run_pytest(tmp_path, "-m", "ship").stdout
    assert "4 of 4 pairs caught as predicted" in run_pytest(tmp_path, "-m", "falsify").stdout


@pytest.mark.slow
def test_a_model_that_lost_its_tokenizer_is_adopted_and_red(theirs: Path, tmp_path: Path) -> None:
    (theirs / "tokenizer_config.json").unlink()
    done = specship("adopt", "theirs", folder=tmp_path)

    assert done.returncode == 0
    shipped = run_pytest(tmp_path, "-m", "ship", "-k", "002")
    assert shipped.returncode == 1
    assert "missing_files 1 files (= 0) ← does not hold" in shipped.stdout


def test_a_store_of_aim_is_not_read_and_says_how_to_export(tmp_path: Path) -> None:
    (tmp_path / "ours" / ".aim").mkdir(parents=True)
    (tmp_path / "ours" / ".aim" / "run_metadata.sqlite").write_bytes(b"SQLite format 3\x00")
    done = specship("adopt", "ours", folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    said = " ".join(done.stderr.split())
    assert "ours/.aim: a store of Aim, which only Aim opens" in said
    assert "aim storage reindex" in said
    assert "HASH > log.jsonl" in said
    page = " ".join((ROOT / "docs" / "formats-of-logs.md").read_text().split())
    assert "a store of Aim, which only Aim opens" in page


def test_a_run_is_adopted_and_judged(tmp_path: Path) -> None:
    write_run(tmp_path / "out")
    done = specship("adopt", "out", "--name", "mine", "--format", "json", folder=tmp_path)
    adopted = json.loads(done.stdout)

    assert [(one["kind"], one["path"]) for one in adopted["found"]] == [("run", "out")]
    gates = {gate["id"]: gate for gate in adopted["gates"]}
    assert gates["GATE-MINE-003"]["limits"]["evaluations"] == "≥ 5 evaluations"
    assert gates["GATE-MINE-003"]["proposed"] == ["evaluations"]
    assert "schedule" in gates["GATE-MINE-004"]["why_not"]

    shipped = run_pytest(tmp_path, "-m", "ship")
    assert shipped.returncode == 0
    assert "3 passed, 4 skipped" in shipped.stdout
    assert "4 of 7 gates were not judged (4 UNBOUND)" in shipped.stdout

    profile = tmp_path / "specs/mine/profiles/rehearsal.yaml"
    said = '"declared": {"device_asked": "cpu", "device_got": "cpu", "clip_norm": 1.0}, "folder": "out"'
    edit(profile, '"folder": "out"', said)
    again = run_pytest(tmp_path, "-m", "ship")
    assert "5 passed, 2 skipped" in again.stdout


def test_a_table_whose_columns_nobody_knows_asks_for_them_and_is_adopted(tmp_path: Path) -> None:
    rows = [f"{step},{4 - step / 100 + step * step % 17 / 99:.4f},{0.5 + step % 7}" for step in range(1, 61)]
    (tmp_path / "log.csv").write_text("\n".join(["iter,nll,gnorm", *rows]) + "\n")
    refused = inside(tmp_path, "adopt", "log.csv")
    assert refused.returncode == 2
    assert "its columns are gnorm, iter, nll" in refused.stderr

    told = ("--fact", "columns.loss=nll", "--fact", "columns.grad_norm=gnorm", "--fact", "clip_norm=1.0")
    meant = ("--fact", "schedule.peak=0.1", "--fact", "schedule.planned_steps=60")
    adopted = inside(tmp_path, "adopt", "log.csv", "--name", "mine", *told, *meant)
    assert adopted.returncode == 0
    lacking = "GATE-MINE-003 waits: not recorded: evaluations on held-out text (say under `columns:`"
    assert lacking in adopted.stdout
    profile = (tmp_path / "specs/mine/profiles/rehearsal.yaml").read_text()
    said = '"declared": {"clip_norm": 1.0, "schedule": {"peak": 0.1, "planned_steps": 60}}'
    assert '"columns": {"loss": "nll", "grad_norm": "gnorm"}, ' + said in profile
    shipped = run_pytest(tmp_path, "-m", "ship", "-k", "001 or 006")
    assert "2 passed" in shipped.stdout
    assert "rests on the maker's word: clip_norm" in shipped.stdout


@pytest.mark.slow
def test_every_gate_of_a_table_without_norms_is_seen_to_fail(tmp_path: Path) -> None:
    rows = [f"{step},{4 - step / 100 + step * step % 17 / 99:.4f}" for step in range(1, 61)]
    (tmp_path / "log.csv").write_text("\n".join(["step,loss", *rows]) + "\n")
    assert inside(tmp_path, "adopt", "log.csv", "--name", "mine").returncode == 0

    assert "6 of 6 pairs caught" in run_pytest(tmp_path, "-m", "falsify", "-k", "GATE-MINE-001").stdout


@pytest.mark.slow
def test_beside_a_checkpoint_it_is_asked_whether_the_run_made_it(theirs: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "out")
    shutil.move(theirs, tmp_path / "out/checkpoint-200")
    done = specship("adopt", "out", "--name", "mine", "--format", "json", folder=tmp_path)
    (tie,) = [one for one in json.loads(done.stdout)["gates"] if one["probe"] == "run.made_checkpoint"]

    assert tie["limits"] == {"other_weights": "= 0 files"}
    shipped = run_pytest(tmp_path, "-m", "ship", "-k", tie["id"])
    assert "1 passed" in shipped.stdout
    assert "the profile's word" not in shipped.stdout
    assert "1 of 1 pairs caught" in run_pytest(tmp_path, "-m", "falsify", "-k", tie["id"]).stdout


@pytest.mark.slow
def test_a_project_may_be_a_new_folder(tmp_path: Path) -> None:
    write_run(tmp_path / "out")
    done = inside(tmp_path, "adopt", "out", "--project", "new", "--name", "mine", "--format", "json")

    assert done.returncode == 0
    assert {gate["id"] for gate in json.loads(done.stdout)["gates"] if gate["probe"]} >= {
        "GATE-MINE-001",
        "GATE-MINE-002",
    }


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("nonsense=1", "--fact nonsense"),
        ("planed_steps=200", "write 'planned_steps'"),
        ("columns.loss=zzz", "columns are told (loss), and are of no use"),
        ("planned_steps=abc", "--fact planned_steps"),
        ("vocabulary=nan", "--fact vocabulary"),
        ("clip_norm=-1", "--fact clip_norm"),
        ("planned_steps=300", "planned_steps is declared as 300, and the run recorded 200"),
        ("columns.nonsense=x", "nonsense"),
        ("schedule.peek=0.1", "--fact schedule.peek"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_and_nothing_is_written(
    fact: str, said: str, tmp_path: Path
) -> None:
    write_run(tmp_path / "out")
    done = inside(tmp_path, "adopt", "out", "--fact", fact)

    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.parametrize(
    ("text", "said"), [("step,loss\n", "holds no step of training"), ("step,loss\n1,2.0\n2,1", "no newline")]
)
def test_a_log_without_a_step_or_that_was_cut_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(text)
    done = inside(tmp_path, "adopt", "log.csv")

    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.slow
def test_a_run_that_diverged_is_adopted_and_red(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "out")
    edit_json(folder / "trainer_state.json", diverge)
    specship("adopt", "out", "--name", "mine", folder=tmp_path)
    shipped = run_pytest(tmp_path, "-m", "ship", "-k", "003")

    assert shipped.returncode == 1
    assert "does not hold" in shipped.stdout


def diverge(state: dict[str, Any]) -> None:
    for entry in state["log_history"]:
        for name in ("loss", "eval_loss"):
            if name in entry:
                entry[name] *= 1.05 ** (entry["step"] / 2)


def test_what_cannot_be_judged_is_refused_with_its_mend_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/ckpt.pt").write_bytes(b"PK\3\4")
    done = inside(tmp_path, "adopt", "run")

    assert done.returncode == 2
    assert "ckpt.pt" in done.stderr
    assert "mend:" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_fact_about_no_run_is_refused(theirs: Path, tmp_path: Path) -> None:
    done = inside(tmp_path, "adopt", theirs.name, "--fact", "vocabulary=300")

    assert done.returncode == 2
    assert "--fact vocabulary: nothing that was found takes this fact" in done.stderr


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("contracts/ours-train-v1.yaml", "there is such a file already"),
        ("contracts/theirs-v1.yaml", "there are contracts of something else: theirs-v1.yaml"),
    ],
)
def test_what_is_in_the_way_is_said_before_anything_is_made(file: str, said: str, tmp_path: Path) -> None:
    write_run(tmp_path / "out")
    (tmp_path / "contracts").mkdir()
    (tmp_path / file).write_text("gates: []")
    for words in (("adopt", "out", "--name", "ours"), ("init", "--template", "external", "--name", "ours")):
        done = inside(tmp_path, *words)

        assert done.returncode == 2
        assert said in done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["contracts", "out"]


def test_what_is_refused_leaves_no_new_folder_behind(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,loss\n")

    assert inside(tmp_path, "adopt", "log.csv", "--project", "new").returncode == 2
    assert not (tmp_path / "new").exists()


def test_a_project_that_is_there_is_not_adopted_again(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.specship]\nspec = "specs/x"\n')
    done = inside(tmp_path, "adopt", ".")

    assert done.returncode == 2
    assert "there is a project here already" in done.stderr


def test_nothing_known_is_said_with_what_would_be(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    done = inside(tmp_path, "adopt", ".")

    assert done.returncode == 2
    assert "nothing here is a run, a checkpoint, a GGUF or an evaluation that is known" in done.stderr


def test_an_evaluation_alone_is_adopted_judged_and_seen_to_fail(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "lm_eval", tmp_path / "out/model")
    refused = inside(tmp_path, "adopt", "out")
    assert refused.returncode == 2
    assert "there are acc,none, acc_norm,none; the better one could be taken" in refused.stderr

    told = ("--name", "mine", "--fact", "evaluated.metric=acc", "--format", "json")
    done = inside(tmp_path, "adopt", "out", *told)
    adopted = json.loads(done.stdout)
    limits = adopted["gates"][1]["limits"]

    assert (done.returncode, adopted["not_usable"]) == (0, [])
    assert [gate["probe"] for gate in adopted["gates"]] == ["evaluation.samples", "evaluation.score", None]
    assert limits["value"] == "≥ 0.27 fraction at 95 %"
    shipped = run_pytest(tmp_path, "-m", "ship")
    assert "2 passed, 1 skipped" in shipped.stdout

    sample = next(tmp_path.glob("out/model/*.jsonl"))
    sample.write_text("".join(sample.read_text().splitlines(keepends=True)[:-1]))
    red = run_pytest(tmp_path, "-m", "ship", "-k", "001")
    assert "missing_samples 1 samples (= 0) ← does not hold" in red.stdout


def test_two_runs_on_the_same_task_are_compared_sample_by_sample(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "lm_eval", tmp_path / "candidate")
    worse_run(tmp_path / "base")
    refused = inside(tmp_path, "adopt", "candidate", "base", "--fact", "evaluated.metric=acc")
    assert "compare it with another one by --fact evaluated.baseline=PATH" in " ".join(refused.stderr.split())

    facts = ("--fact", "evaluated.metric=acc", "--fact", "evaluated.baseline=base")
    done = inside(tmp_path, "adopt", "candidate", *facts, "--name", "mine", "--format", "json")
    gates = {gate["probe"]: gate for gate in json.loads(done.stdout)["gates"]}
    assert gates["evaluation.paired"]["limits"]["p_value"] == "≤ 0.05 fraction"
    assert gates["evaluation.paired"]["proposed"] == []
    shipped = run_pytest(tmp_path, "-m", "ship")
    assert "3 passed, 1 skipped" in shipped.stdout

    shutil.rmtree(tmp_path / "base")
    worse_run(tmp_path / "base", wrong=4)
    red = run_pytest(tmp_path, "-m", "ship")
    assert "discordant 4 samples (≥ 10) ← does not hold" in red.stdout


@pytest.mark.slow
def test_a_comparison_is_seen_to_fail(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "lm_eval", tmp_path / "candidate")
    worse_run(tmp_path / "base")
    facts = ("--fact", "evaluated.metric=acc", "--fact", "evaluated.baseline=base")
    assert inside(tmp_path, "adopt", "candidate", *facts).returncode == 0
    falsified = run_pytest(tmp_path, "-m", "falsify", "-n", "2")
    assert "10 of 10 pairs caught as predicted" in falsified.stdout


@pytest.mark.slow
@pytest.mark.parametrize("log", ["lm_eval", "inspect/sums.json", "inspect/sums.eval"])
def test_every_gate_of_an_adopted_evaluation_is_seen_to_fail(log: str, tmp_path: Path) -> None:
    told = ("--fact", "evaluated.metric=acc")
    if log != "lm_eval":
        told = ("--fact", "evaluated.chat_template=none")
        shutil.copy(RESULTS / log, tmp_path)
    else:
        shutil.copytree(RESULTS / log, tmp_path / log)
    assert inside(tmp_path, "adopt", ".", *told).returncode == 0
    pairs = 7 if log == "lm_eval" else 8
    falsified = run_pytest(tmp_path, "-m", "falsify", "-n", "2")
    assert f"{pairs} of {pairs} pairs caught as predicted" in falsified.stdout


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (["evaluated.metric=acc", "evaluated.colour=red"], "--fact evaluated.colour is unknown"),
        (["evaluated.task=tiny"], "which metric is meant is not known"),
    ],
)
def test_a_fact_about_an_evaluation_has_a_name(facts: list[str], said: str, tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "lm_eval", tmp_path / "out")
    done = inside(tmp_path, "adopt", "out", *[word for fact in facts for word in ("--fact", fact)])

    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_of_two_results_and_of_two_checkpoints_none_is_chosen(tmp_path: Path) -> None:
    shutil.copytree(RESULTS / "lm_eval", tmp_path / "results")
    shutil.copy(next(tmp_path.glob("results/*.json")), tmp_path / "results/results_2026-12-01T00-00-00.json")
    done = inside(tmp_path, "adopt", ".", "--fact", "evaluated.metric=acc")
    assert done.returncode == 2
    assert "2 things of the kind evaluation lie here, and a project judges one" in done.stderr

    for name in ("one", "two"):
        foreign("llama").write(tmp_path / name)
    done = inside(tmp_path, "adopt", "one", "two")
    assert done.returncode == 2
    assert "the others are two" in done.stderr
    assert "mend: name what is meant: specship adopt one;" in " ".join(done.stderr.split())
    assert not (tmp_path / "pyproject.toml").exists()
