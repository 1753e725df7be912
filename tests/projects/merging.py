"""A project with a base that ships 60 %, and changes that ask to be merged into it."""

import json
from pathlib import Path
from typing import Any, Final

from specship.evidence.ledger import read_ledger
from specship.evidence.signing import SigningKey, local_key
from tests.processes import inside
from tests.projects.evidenced import hold_evidence
from tests.projects.histories import git
from tests.projects.small_project import edit
from tests.projects.sound_project import small_corpus, sound_project
from tests.projects.trusting import trusting

CONTRACT: Final = "contracts/small-v1.yaml"
SPEC: Final = "specs/small/spec.yaml"
UNMEASURED: Final = "GATE-SMALL-002"
"""The gate of which base has no evidence; it is armed."""


def amend(folder: Path, *ids: str, bump: str = "major", name: str = "0002-more") -> None:
    """An amendment that names what it changes."""
    changes = ", ".join(f"{{id: {identity}, what: It is another one.}}" for identity in ids)
    text = f"bump: {bump}\nafter: 1.0.0\nwhy: Somebody wrote it down.\nchanges: [{changes}]\n"
    (folder / f"specs/small/amendments/{name}.yaml").write_text(text)


def statements(folder: Path, gate: str) -> list[Path]:
    """The committed statements of a gate."""
    ledger = read_ledger([folder / "evidence"], keys=frozenset())
    return [folder / "evidence" / f"{entry.digest}.json" for entry in ledger.of_gate(gate).statements]


def commit(folder: Path, message: str) -> None:
    """Everything that lies there."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


class Merging:
    """A repository with a branch `base`, and what the gate says of others."""

    def __init__(self, folder: Path, state: Path) -> None:
        """Write and measure it; keys lie in `state`."""
        self.folder = folder
        self.key: SigningKey = local_key(state / "trusted")
        self.other: SigningKey = local_key(state / "unknown")
        sound_project(folder)
        edit(
            folder / "pyproject.toml",
            "[tool.specship]\n",
            f"[tool.specship]\ntrusted_keys = [{trusting(self.key)}]\n",
        )
        edit(folder / CONTRACT, "[frozen-weights]", "{frozen-weights: [val_loss, val_tokens, bigram_margin]}")
        edit(
            folder / CONTRACT,
            "[heldout-inside-training]",
            "{heldout-inside-training: [shared_digests, highest_jaccard]}",
        )
        small_corpus(folder)
        git(folder, "init", "-q", "-b", "base", ".")
        hold_evidence(folder, self.key, "release", {}, but=UNMEASURED)
        commit(folder, "measured")

    def measure(self, measured: dict[str, dict[str, Any]], key: SigningKey | None = None) -> None:
        """Evidence and arming of every gate at release."""
        hold_evidence(self.folder, key or self.key, "release", measured)

    def branch(self, name: str, start: str = "base") -> Path:
        """A branch of its own, checked out."""
        git(self.folder, "checkout", "-q", "-f", "-B", name, start)
        git(self.folder, "clean", "-fdq")
        return self.folder

    def gate(self, *words: str, base: str = "base") -> dict[str, Any]:
        """What the gate answers, with its exit status."""
        done = inside(self.folder, "gate", "--base", base, "--format", "json", *words)
        if done.returncode not in {0, 1}:
            raise AssertionError(done.stderr)
        answer: dict[str, Any] = json.loads(done.stdout)
        return {**answer, "status": done.returncode}
