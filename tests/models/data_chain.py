"""A small real corpus, tokenizer, shards and baseline, made once a process and copied for each test."""

from __future__ import annotations

import contextlib
import shutil
import sysconfig
from pathlib import Path
from typing import Any

from specship.pipeline.registry import run_stage, stage_named
from specship.probes import measuring
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from specship.units import Value
from tests.models.once import once

VOCAB = 512
STAGES = ("corpus", "tokenizer", "shards", "baseline")
SETTINGS: dict[str, Any] = {
    "corpus": {"source": "folder", "path": "code", "licence": "PSF-2.0", "heldout_fraction": 0.2},
    "tokenizer": {"vocab_size": VOCAB},
    "shards": {"shard_tokens": 60_000},
    "baseline": {"heldout_tokens": 4096},
}


def silent(*_: object, **__: object) -> None:
    """A progress report that nobody reads."""


def write_code(folder: Path, files: int = 90) -> Path:
    """Some files of the interpreter's own source, two folders deep, with their licence."""
    library = Path(sysconfig.get_paths()["stdlib"])
    folders = ("json", "email", "asyncio", "html", "xml")
    chosen = [path for name in folders for path in sorted((library / name).rglob("*.py"))]
    for path in chosen[:files]:
        copy = folder / path.relative_to(library)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (folder / "LICENSE.txt").write_text("Licence text of the small corpus.\n")
    return folder


def make(root: Path, *stages: str, **sections: dict[str, Any]) -> Path:
    """Run stages in a project folder; each artifact becomes a folder of that name in it."""
    settings = {name: SETTINGS.get(name, {}) | sections.get(name, {}) for name in STAGES}
    with contextlib.chdir(root):
        for name in stages:
            stage = stage_named(name)
            run_stage(stage, settings, {need: root / need for need in stage.needs}, root / name, silent)
    return root


def _make_all(folder: Path) -> None:
    write_code(folder / "code")
    make(folder, *STAGES)


def chain(tmp_path: Path) -> Path:
    """A project folder of one's own, with `code` and the artifacts made from it."""
    return Path(shutil.copytree(once("data-chain", _make_all), tmp_path / "project"))


def measure(probe: str, root: Path) -> dict[str, Value]:
    """Figures of a probe over the artifacts of a project folder."""
    found = all_probes()[probe]
    with contextlib.chdir(root):
        measurement = measuring.measure(
            found, {name: Artifact(name, root / name, "0" * 64) for name in found.artifacts}
        )
    return {name: quantity.value for name, quantity in measurement.quantities.items()}
