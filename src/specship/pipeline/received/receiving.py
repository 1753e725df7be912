"""Taking over an artifact that somebody made elsewhere: the bytes that were promised, or none.

What can be promised: the digest of the bytes, and a signed stage statement (decision 0032) that lists them.

    sha256sum FILE                                                          of a file
    cd FOLDER && sha256sum $(find * -type f | LC_ALL=C sort) | sha256sum    of a folder, names without blanks
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from specship.bounds import JSON_STATEMENT_BYTES
from specship.digests import digest_of, sha256_bytes, sha256_file
from specship.errors import DamagedArtifact, RequirementMissing, SpecshipError, UnusableInput
from specship.evidence.entry import open_record
from specship.evidence.made_artifact import MadeArtifact
from specship.files import write_errors
from specship.pipeline.received.kinds import GGUF, KINDS, require_kind
from specship.pipeline.stage import Settings, Stage, Work
from specship.settings_file import find_table
from specship.specs.trusted_keys import TrustedKey

_CLONE: Final = 0x40049409
"""FICLONE of linux/fs.h: the blocks of another file, shared until one of them is written."""
_LARGE_BYTES: Final = 64 << 20
"""From this size on a file is linked where its blocks cannot be shared; its digest tells if it changes."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReceivedPart(Settings):
    """What is said of an artifact that somebody else made."""

    source: Annotated[str, Field(min_length=1)]
    """Where it came from, in words; a checkpoint's stands in its provenance and in what is published."""
    sha256: Sha256 | None = None
    """Digest that it must have: of the file, or of the list that `sha256sum` prints of the folder's files."""
    statement: str | None = None
    """A signed stage statement of its maker, relative to the project; it lists every file."""
    signed_by: Sha256 | None = None
    """The key that signed it, one of `trusted_keys`, in hexadecimal digits."""

    @model_validator(mode="after")
    def _a_signature_has_a_statement(self) -> Self:
        if (self.statement is None) != (self.signed_by is None):
            raise ValueError("`statement` and `signed_by` stand together or not at all")
        return self


class ReceivedFolder(ReceivedPart):
    """A folder that is taken over as it lies there."""

    folder: Annotated[str, Field(min_length=1)]
    """The folder, relative to the project."""


class ReceivedFile(ReceivedPart):
    """A file that is taken over as it lies there."""

    file: Annotated[str, Field(min_length=1)]
    """The file, relative to the project."""


def received_stage(makes: str) -> Stage:
    """The stage that takes over artifacts of one kind, which runs `take`."""
    name = f"received_{makes}"
    return Stage(
        makes=makes,
        name=name,
        lifecycle=KINDS[makes].lifecycle,
        settings={name: ReceivedFile if makes == "gguf" else ReceivedFolder},
        outside=digest_outside(name),
    )


def take(makes: str, work: Work) -> None:
    """Put the promised bytes into a stage's output, and hold them against their kind.

    Raises:
        RequirementMissing: there is nothing to take.
        DamagedArtifact: it is not what was promised, or holds a link to a folder or what is no file.
        StageFailed: it is not of its kind.
    """
    settings: ReceivedFolder | ReceivedFile = work.settings[f"received_{makes}"]
    path = settings.file if isinstance(settings, ReceivedFile) else settings.folder
    files = require_received(makes, settings, path)
    for number, (name, source) in enumerate(files.items(), 1):
        place = work.output / (GGUF if isinstance(settings, ReceivedFile) else name)
        with write_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            _take_file(source, place)
        work.report(number, len(files), "files")
    require_kind(makes, work.output, by="what was received")


def require_received(makes: str, settings: ReceivedPart, path: str) -> Mapping[str, Path]:
    """The files that a file or folder stands for by their names in it, once all that was promised holds.

    Raises:
        RequirementMissing: nothing is there.
        DamagedArtifact: a byte is another than promised.
    """
    files = received_files(Path(path))
    if not files:
        raise RequirementMissing(
            f"the {makes} that is to be taken over is not there", at=path,
            why="nothing is fetched while something is measured", mend="put it there and run again",
        )  # fmt: skip
    found = {name: sha256_file(file) for name, file in files.items()}
    digest = _as_promised(Path(path), found)
    if settings.sha256 not in {None, digest}:
        raise _other_bytes(path, digest, str(settings.sha256))
    if settings.statement and settings.signed_by:
        _require_stated(makes, settings.statement, settings.signed_by, found, path)
    return files


def unkept(settings: Mapping[str, Any], project: Path) -> Iterator[SpecshipError]:
    """What is wrong with bytes that lie there and were promised by their sha256, whether anything reads them.

    What does not lie there is no broken promise: what needs it is BLOCKED.
    """
    for section in settings.values():
        promised = section.get("sha256") if isinstance(section, Mapping) else None
        named = str((section.get("folder") or section.get("file") or "") if promised else "")
        if not named:
            continue
        try:
            files = received_files(project / named)
            digest = _as_promised(project / named, {name: sha256_file(file) for name, file in files.items()})
        except SpecshipError as error:
            yield error
        except OSError as error:
            yield UnusableInput(f"cannot read: {error.strerror}", at=named)
        else:
            if files and digest != promised:
                yield _other_bytes(named, digest, str(promised))


def _as_promised(path: Path, found: Mapping[str, str]) -> str:
    """The digest as its maker takes it: of the one file, or of the list that `sha256sum` prints."""
    lines = "".join(
        f"{digest}  {name}\n" for name, digest in sorted(found.items(), key=lambda one: os.fsencode(one[0]))
    )
    return found[path.name] if path.is_file() else sha256_bytes(os.fsencode(lines))


def _other_bytes(path: str, digest: str, promised: str) -> DamagedArtifact:
    return DamagedArtifact(
        f"its sha256 is {digest}, and {promised} was promised", at=path,
        why="what was received is not what its maker meant, or the digest was taken of something else",
        mend="fetch it again, or take the digest as docs/stages-of-your-own.md shows",
    )  # fmt: skip


def received_files(path: Path) -> dict[str, Path]:
    """The files of a folder by their names in it, or the one file; none where nothing lies.

    Raises:
        DamagedArtifact: a link to a folder, or what is neither file nor folder.
    """
    if not path.is_dir():
        return {path.name: path} if path.is_file() else {}
    found = {}
    for one in sorted(path.rglob("*")):
        if one.is_file():
            found[one.relative_to(path).as_posix()] = one
        elif one.is_symlink() or not one.is_dir():
            raise DamagedArtifact("an artifact holds plain files and folders only", at=one)
    return found


def digest_outside(section: str) -> Callable[[Mapping[str, Any], Path], str]:
    """What gives the digest of the names and bytes that a section names; of none, where none lie there."""

    def outside(settings: Mapping[str, Any], project: Path) -> str:
        own = settings[section]
        files = received_files(project / str(own.get("folder") or own.get("file")))
        listed = [(name, sha256_file(file)) for name, file in files.items()]
        if listed and own.get("statement") and (stated := project / str(own["statement"])).is_file():
            listed.append(("statement", sha256_file(stated)))
        return digest_of(listed)

    return outside


def _require_stated(makes: str, statement: str, key: str, found: Mapping[str, str], path: str) -> None:
    """Hold the bytes against a statement of who made them."""
    place = Path(statement)
    if not place.is_file() or place.stat().st_size > JSON_STATEMENT_BYTES:
        raise RequirementMissing("the statement of its maker is not there", at=place, mend="put it there")
    public = bytes.fromhex(key)
    kinds = {MadeArtifact.PAYLOAD_TYPE: MadeArtifact}
    opened = open_record(place.read_bytes(), kinds, keys=frozenset({public}), at=str(place))
    made = opened.record
    assert isinstance(made, MadeArtifact)  # noqa: S101 - the one kind that was asked for
    if public not in opened.signers:
        raise DamagedArtifact(f"it is not signed with the key {key[:12]}…", at=place)
    trusted = _trusted_keys()
    if public not in trusted or not trusted[public].counts_on(made.signed.date()):
        raise UnusableInput(
            f"the key {key[:12]}… was not trusted on {made.signed.date()}", at=place,
            why="a signature says who made it, and the project says whose word counts",
            mend="name it under [[tool.specship.trusted_keys]], with days on which it counts",
        )  # fmt: skip
    stated = {file.name: file.sha256 for file in made.artifact.files}
    if made.makes != makes or stated != dict(found):
        differ = sorted(name for name in stated.keys() | found.keys() if stated.get(name) != found.get(name))
        what = f"first {differ[0]}" if differ else f"it is about a {made.makes}"
        raise DamagedArtifact(f"its maker's statement is about other bytes: {what}", at=path)


def _trusted_keys() -> dict[bytes, TrustedKey]:
    """The keys that the project around this process trusts; its settings were read before it was started."""
    found = find_table(Path.cwd())
    listed = found.table.get("trusted_keys", []) if found else []
    entries = [TrustedKey.model_validate(one, strict=False) for one in listed]
    return {entry.public: entry for entry in entries}


def _take_file(source: Path, target: Path) -> None:
    """A file with the bytes of another, without a second copy on the disk where that can be had."""
    target.unlink(missing_ok=True)
    with source.open("rb") as given, target.open("xb") as made, contextlib.suppress(OSError):
        fcntl.ioctl(made, _CLONE, given.fileno())
        return
    if source.stat().st_size >= _LARGE_BYTES:
        target.unlink()
        with contextlib.suppress(OSError):  # on another file system
            os.link(source.resolve(), target)
            return
    shutil.copyfile(source, target)
