"""A test lies where its subject does: `tests/` has the folders of `src/specship/`, and files named after modules."""

from pathlib import Path
from typing import Final

import pytest

from tests.places import ROOT, SOURCE

TESTS: Final = ROOT / "tests"
APART: Final = {
    "cheats": "attempts to raise a ship-% without a run, and a scratch copy in which guards can be taken out",
    "data": "files that the shipped profiles and the tests read",
    "hostile": "files and texts that were made to hurt, for every reader alike",
    "models": "builders of tiny models, and of what they are made from",
    "projects": "builders of whole small projects",
}
"""Folders that mirror nothing, and what they hold."""
BESIDE: Final = {"docs": "what a person reads, and the checks of the project: the folders beside `src/`"}
"""Folders of tests whose subject is no module."""
BEHAVIOURS: Final = {
    "cli/commands/test_init_templates.py": "what `specship init --template` writes",
    "cli/test_narrow.py": "every verb at narrow terminals, in pipes and in colours",
    "editor/test_neovim.py": "the snippets of docs/editor.md, in the real editor",
    "contracts/test_bad_documents.py": "every document that can be wrong, through the planner",
    "contracts/test_gate_meaning.py": "from YAML text to digest: document, reader and digest together",
    "contracts/test_hostile_yaml.py": "what the bounds of a process are worth against YAML made to hurt",
    "diagnose/causes/test_beginnings.py": "the causes that ask what a run began from",
    "diagnose/causes/test_contradictions.py": "logs whose figures contradict one another",
    "diagnose/causes/test_endings.py": "the causes that ask how a run ended",
    "diagnose/causes/test_foreign_health.py": "logs of many kinds of healthy runs",
    "diagnose/causes/test_grounds.py": "what every cause rests on: figures, confidence, lines, literature",
    "diagnose/causes/test_noise.py": "what must set off no cause at all",
    "diagnose/test_foreign_matrix.py": "the same runs in every format of logs, and the table of the documentation",
    "diagnose/test_hostile_states.py": "states of a Trainer that nobody planned for",
    "diagnose/test_real_runs.py": "runs that are really trained, by every program that is installed",
    "diagnose/test_reading.py": "all modules that read a run, over one written run",
    "pipeline/evaluation/humaneval/test_reading.py": "problems and pass@k: small modules with one table each",
    "pipeline/export/test_converter_reference.py": "exports beside those of llama.cpp's own converter",
    "pipeline/export/test_published_vocabularies.py": "vocabularies that others published, there and back",
    "pipeline/export/test_streaming.py": "what an export costs and leaves behind",
    "pipeline/export/test_vocabulary_reference.py": "vocabularies beside those of llama.cpp's own converter",
    "pipeline/gguf/test_loader_rules.py": "llama.cpp's loader, rule by rule, over every module of the room",
    "pipeline/qa/test_family_matrix.py": "what is judged of each family of others, and the table of the documentation",
    "pipeline/run_logs/formats/test_hostile_logs.py": "any bytes under the name of any format of logs",
    "pipeline/test_gguf_tables.py": "our tables of GGUF beside those of the gguf package",
    "pipeline/training/test_torchrun.py": "torch's own launcher around the whole verb, on one host and on two",
    "pipeline/training/test_training_killed.py": "runs that are killed at any point, in processes of their own",
    "evidence/test_crashes.py": "whatever is written, under failing calls, kills and full disks",
    "probes/test_export_probes.py": "the probes of a GGUF and of what is published, over one chain",
    "probes/test_humaneval_probes.py": "the probes of HumanEval, over one evaluation",
    "probes/test_imported_export_probes.py": "the probes of what is made from a checkpoint that was taken over",
    "probes/test_imported_probes.py": "the probes of a checkpoint that was taken over",
    "probes/test_inference_probes.py": "the probes of generation and speed, over one chain",
    "probes/test_other_families.py": "the probes of a family without a decoder of ours, over one model",
    "probes/test_received_runs.py": "the probes of a run, over the log of another program",
    "probes/test_shards_probes.py": "the probes of shards, over one chain",
    "probes/test_tokenizer_probes.py": "the probes of a tokenizer, over one chain",
    "probes/test_training_probes.py": "the probes of a run and its checkpoint, over one real run",
    "pytest_plugin/test_borrowed.py": "models that borrow artifacts, through pytest, status and the ledger",
    "pytest_plugin/test_credit.py": "what earns credit in a session, and what takes it away",
    "pytest_plugin/test_foreign_code.py": "a project's own code that reaches for what judges, through every face",
    "pytest_plugin/test_logged.py": "a model that another program trained, from its log to the ship-%",
    "pytest_plugin/test_trouble.py": "wrong files, missing things, full disks and Ctrl-C, in a session",
    "specs/test_profile.py": "what a profile may change, from its text to the plan",
    "suite/trust_audit/test_cheats.py": "the cheat table: attempts, each answered by a guard of that room",
    "test_hostile_files.py": "mutants of sound files against every reader of files",
    "test_layers.py": "the drawing of the layers",
    "test_messages.py": "every text that a person may see",
    "test_mirror.py": "this",
    "test_public_face.py": "the names of `specship/__init__.py`, their page and their cost",
    "test_models.py": "the builders of tiny models, which mirror nothing",
    "test_rehearsal.py": "the whole rehearsal",
    "test_release_rehearsal.py": "the release's steps in ten minutes, at their tiny scale",
}
"""Files that are named after a behaviour, and why no one module has the name."""
FOLDERS: Final = sorted(
    path for path in TESTS.rglob("*")
    if path.is_dir() and path.name != "__pycache__" and path.relative_to(TESTS).parts[0] not in APART | BESIDE
)  # fmt: skip


def subject_of(file: Path) -> str | None:
    """The module or package that a test file is named after, if the mirrored folder has it."""
    name = file.stem.removeprefix("test_")
    places = (
        SOURCE / file.parent.relative_to(TESTS) / found for found in (f"{name}.py", f"__{name}__.py", name)
    )
    return next((str(place) for place in places if place.exists()), None)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_folder_of_tests_is_one_of_the_source(folder: Path) -> None:
    assert (SOURCE / folder.relative_to(TESTS)).is_dir()
    assert (folder / "__init__.py").is_file()
    assert any(folder.rglob("test_*.py")), "a folder without tests"


def test_a_file_is_named_after_a_module_or_says_why_not() -> None:
    files = [path for folder in (TESTS, *FOLDERS) for path in folder.glob("test_*.py")]
    unlike = {str(path.relative_to(TESTS)) for path in files if subject_of(path) is None}

    assert unlike == BEHAVIOURS.keys()


def test_what_is_apart_is_there_and_holds_no_tests() -> None:
    for name in APART:
        assert (TESTS / name).is_dir()
        assert not any((TESTS / name).rglob("test_*.py"))
