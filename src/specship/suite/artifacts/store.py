"""Artifacts on the disk: content-addressed folders, their manifests, and why they are current.

    .specship/artifacts/MODEL/PROFILE/STAGE/KEY/             the files
                                            KEY.json         their manifest, and what they came from
                                            KEY.log          what the stage printed
                                            current.json     the key of the newest one

An artifact's digest covers its files and the digests of the artifacts it was made from, so that
equal digests mean one line of descent, from corpus to publication.  A borrowed artifact lies where its
own model has it and is that very artifact: the line of descent leads through both models.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from specship import strict_json
from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.artifact_record import KEY_LENGTH, ArtifactRecord, artifact_digest, list_files
from specship.files import write_json
from specship.pipeline.registry import maker_of
from specship.specs.records import Profile
from specship.suite.artifacts.ingredients import code_of, outdated

_KEY: Final = re.compile(rf"[0-9a-f]{{{KEY_LENGTH}}}")
KEPT: Final = 2
"""Artifacts of a stage that stay on the disk: the current one and the one before."""


@dataclass(frozen=True, slots=True)
class Store:
    """The artifacts of one model at one profile."""

    folder: Path
    settings: Mapping[str, Mapping[str, Any]]
    """The profile's settings; an artifact made under others is not current."""
    lenders: Mapping[str, Store] = field(default_factory=dict)
    """The store of each artifact that another model lends to this one."""
    _verified: dict[str, ArtifactRecord] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Path, model: str, profile: Profile) -> Store:
        """The store in a project's state folder."""
        borrowed = profile.lenders_of(model)
        stores = {lender: cls.of(state, lender, profile) for lender in set(borrowed.values())}
        return cls(
            state / "artifacts" / model / profile.profile,
            profile.settings_of(model),
            {artifact: stores[lender] for artifact, lender in borrowed.items()},
        )

    def path(self, stage: str, key: str) -> Path:
        """The folder of an artifact."""
        return self.lenders[stage].path(stage, key) if stage in self.lenders else self.folder / stage / key

    def record(self, stage: str, key: str) -> ArtifactRecord | None:
        """The manifest of an artifact, or None where it was never finished.

        Raises:
            DamagedArtifact: the manifest cannot be read.
        """
        path = self.folder / stage / f"{key}.json"
        if not path.exists() or not self.path(stage, key).is_dir():
            return None
        mend = "delete it; it is made again"
        try:
            found = ArtifactRecord.model_validate(strict_json.read_json(path), strict=False)
        except (ValidationError, UnusableInput) as error:
            raise DamagedArtifact("the manifest cannot be read", at=path, mend=mend) from error
        if (found.makes, found.ingredients.key) != (stage, key):
            raise DamagedArtifact("the manifest is not the one its name promises", at=path, mend=mend)
        return found

    def current_key(self, stage: str) -> str | None:
        """The key of the newest artifact of a stage."""
        path = self.folder / stage / "current.json"
        if not path.exists():
            return None
        try:
            return str(strict_json.read_json(path)["key"])
        except (UnusableInput, KeyError, TypeError):
            return None

    def verified(self, stage: str, key: str) -> ArtifactRecord | None:
        """The manifest, once every file was hashed and is what the manifest says.

        Hashed once a process; probes hash again around each measurement.

        Raises:
            DamagedArtifact: a file is missing, surplus, shorter, longer or of other bytes.
        """
        if key in self._verified:
            return self._verified[key]
        record = self.record(stage, key)
        if record is not None:
            verify(self.path(stage, key), record)
            self._verified[key] = record
        return record

    def current(self, stage: str) -> ArtifactRecord | None:
        """The newest artifact of a stage when its bytes verify and its ingredients are those of today.

        Versions of packages, and files beside artifacts, are looked at when a session asks for the artifact.

        Raises:
            DamagedArtifact: its bytes are not what its manifest says.
        """
        if stage in self.lenders:
            return self.lenders[stage].current(stage)
        key = self.current_key(stage)
        record = self.verified(stage, key) if key else None
        if record is None:
            return None
        maker = maker_of(stage, self.settings)
        settings = maker.counted(self.settings)
        if outdated(maker, record.ingredients, settings=settings, code=code_of(maker)):
            return None
        for name, digest in record.ingredients.inputs.items():
            upstream = self.current(name)
            if upstream is None or upstream.digest != digest:
                return None
        return record

    def key_of(self, stage: str) -> str | None:
        """The key of everything that the current artifact was made from, whatever bytes came of it.

        Raises:
            DamagedArtifact: its bytes are not what its manifest says.
        """
        if stage in self.lenders:
            return self.lenders[stage].key_of(stage)
        record = self.current(stage)
        if record is None:
            return None
        return record.ingredients.key_from(
            {name: str(self.key_of(name)) for name in record.ingredients.inputs}
        )

    def forget(self, key: str) -> None:
        """Hash an artifact anew the next time it is asked for."""
        self._verified.pop(key, None)

    def finish(self, stage: str, key: str, record: ArtifactRecord) -> None:
        """Write the manifest of a folder that is in place, make it current, and drop old ones."""
        write_json(self.folder / stage / f"{key}.json", record.model_dump(mode="json"))
        write_json(self.folder / stage / "current.json", {"key": key})
        self._verified[key] = record
        self._prune(stage)

    def _prune(self, stage: str) -> None:
        """Drop old artifacts, and folders whose manifest a kill kept from being written or took first.

        What cannot be removed stays until the next time: the artifact that was made is none the worse.
        """
        with contextlib.suppress(OSError):
            paths = [path for path in (self.folder / stage).iterdir() if _KEY.fullmatch(path.stem)]
            manifests = sorted(
                (path for path in paths if path.suffix == ".json"), key=lambda path: path.stat().st_mtime_ns
            )
            for manifest in manifests[:-KEPT]:
                manifest.unlink()
            kept = {manifest.stem for manifest in manifests[-KEPT:]}
            for path in paths:
                if path.stem not in kept and path.suffix in {"", ".log"}:
                    shutil.rmtree(path, ignore_errors=True)
                    path.with_suffix(".log").unlink(missing_ok=True)


def verify(folder: Path, record: ArtifactRecord) -> None:
    """Hash every file again and compare.

    Raises:
        DamagedArtifact: the first file that differs, with what was expected and what is there.
    """
    mend = "the next `pytest -m ship` makes it again"
    found = {file.name: file for file in list_files(folder)}
    for expected in record.files:
        actual = found.pop(expected.name, None)
        if actual is None:
            raise DamagedArtifact(f"{record.makes}: the file is gone", at=folder / expected.name, mend=mend)
        if actual != expected:
            what = (
                f"{actual.bytes} bytes, its manifest says {expected.bytes}"
                if actual.bytes != expected.bytes
                else f"sha256 {actual.sha256[:12]}…, its manifest says {expected.sha256[:12]}…"
            )
            raise DamagedArtifact(
                f"{record.makes}: the file has {what}", at=folder / expected.name, mend=mend
            )
    if found:
        surplus = next(iter(found))
        raise DamagedArtifact(f"{record.makes}: the file is in no manifest", at=folder / surplus, mend=mend)
    if artifact_digest(record.makes, record.files, record.ingredients.inputs) != record.digest:
        raise DamagedArtifact(f"{record.makes}: the manifest's digest is not its own", at=folder, mend=mend)
