"""Who measures: what a probe sees of the world around it, and what its answer is worth."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from specship.contracts.measurement import Measurement
from specship.errors import UnusableInput
from specship.evidence.artifact_record import ArtifactRecord
from specship.probes.registry import all_probes
from specship.specs.project import load_project
from specship.suite.artifacts.runner import StageRunner
from specship.suite.artifacts.store import Store
from specship.suite.judging.measurer import Measurer
from specship.suite.plan.plan import make_plan
from tests.projects.small_project import make_project

AROUND: Final = """

@probe("small.around", checked="documents", documents="documents", seen="text")
def around(corpus: Artifact):
    import sys

    stat = (corpus.path / "train.jsonl").stat()
    seen = {
        "path": str(corpus.path), "name": corpus.name, "folder": os.getcwd(), "arguments": sys.argv,
        "links": stat.st_nlink, "date": stat.st_mtime, "environment": dict(os.environ), "state": STATE,
    }
    STATE.append("was here")
    return {"documents": 1, "seen": json.dumps(seen)}


STATE = []


@probe("small.reads_key", checked="documents", documents="documents")
def reads_key(corpus: Artifact):
    for folder in corpus.path.parents:
        if folder.name == ".specship":
            return {"documents": len((folder / "keys" / "local.ed25519").read_text())}


@probe("small.another", checked="documents", documents="documents")
def another(corpus: Artifact):
    return {"documents": 1}


def another(corpus):
    return {"documents": 1000}


@probe("small.forges", checked="documents", documents="documents")
def forges(corpus: Artifact):
    from specship.contracts import judging
    from specship.evidence import signing

    judging.judge = signing.verifies = lambda *_, **__: None
    for number in range(3, 64):
        try:
            os.write(number, b'{"event": "written", "digest": "x", "verdict": "PASS"}\\n')
        except OSError:
            pass
    return {"documents": 1}
"""
Artifacts = dict[str, tuple[Path, ArtifactRecord]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project with more probes, its corpus made."""
    root = make_project(tmp_path_factory.mktemp("measured") / "project")
    with (root / "probes/small.py").open("a") as file:
        file.write(AROUND)
    plan = make_plan(load_project(root))
    store = Store.of(plan.project.state, "MODEL-1", plan.profile)
    StageRunner(root, store, plan.profile.settings_of("MODEL-1"), "MODEL-1").ensure("corpus")
    (root / ".specship/keys").mkdir(exist_ok=True)
    (root / ".specship/keys/local.ed25519").write_text("secret")
    return root


@pytest.fixture
def measurer(project: Path) -> Iterator[Measurer]:
    made = Measurer(project)
    yield made
    made.close()
    assert list((project / ".specship/measuring").iterdir()) == []


def clean(project: Path) -> Artifacts:
    plan = make_plan(load_project(project))
    store = Store.of(plan.project.state, "MODEL-1", plan.profile)
    record = store.current("corpus")
    assert record is not None
    return {"corpus": (store.path("corpus", record.ingredients.key), record)}


def faulty(project: Path) -> Artifacts:
    """The same bytes where a planted fault would have them, linked as an injection links what it shares."""
    path, record = clean(project)["corpus"]
    there = project / ".specship/falsify/texts-gone/MODEL-1/artifacts/MODEL-1/rehearsal/corpus" / path.name
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(path, there, copy_function=os.link)
    return {"corpus": (there, record)}


def measured(measurer: Measurer, project: Path, name: str, artifacts: Artifacts) -> Measurement:
    return measurer.measure(all_probes(project / "probes")[name], artifacts)


def seen(found: Measurement) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(str(found.quantities["seen"].value))
    return told


def test_a_clean_and_a_faulty_pipeline_look_alike(project: Path, measurer: Measurer) -> None:
    """A4: nothing that a probe is given says in which of them it measures."""
    one = seen(measured(measurer, project, "small.around", clean(project)))
    other = seen(measured(measurer, project, "small.around", faulty(project)))

    assert one == other
    assert (one["links"], one["date"], one["state"]) == (1, 0, ["was here"])  # and nobody else
    told = json.dumps(one).replace(str(project), "")
    assert not any(word in told for word in ("falsify", "rehearsal", "MODEL-1", "texts-gone", "specship_"))


def test_what_comes_back_is_figures_and_nothing_else(project: Path, measurer: Measurer) -> None:
    """A probe that takes its process over has no judge there to bend, and no key; what it writes is no answer."""
    assert measured(measurer, project, "small.documents", clean(project)).quantities["documents"].value
    with pytest.raises((UnusableInput, EOFError)):
        measured(measurer, project, "small.forges", clean(project))


def test_the_key_is_out_of_reach(project: Path, measurer: Measurer) -> None:
    with pytest.raises(UnusableInput, match=r"was stopped: it opens .*/keys/local\.ed25519") as refused:
        measured(measurer, project, "small.reads_key", clean(project))

    assert refused.value.mend


def test_the_function_that_is_called_is_the_one_that_was_read(project: Path, measurer: Measurer) -> None:
    with pytest.raises(UnusableInput, match="another is not the probe"):
        measured(measurer, project, "small.another", clean(project))


def test_bytes_that_are_not_those_of_the_manifest_give_no_figures(project: Path, measurer: Measurer) -> None:
    """Of our own probes, which measure where an artifact lies: it is hashed again afterwards."""
    path, record = clean(project)["corpus"]
    other = {"corpus": (path, record.model_copy(update={"digest": "0" * 64}))}
    with pytest.raises(UnusableInput, match="corpus changed while it was measured"):
        measured(measurer, project, "corpus.duplicates", other)
    assert measured(measurer, project, "corpus.duplicates", clean(project)).quantities
