"""What is seen of the project: each part by itself, so that one that is broken hides no other."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from specship.errors import SpecshipError, UnusableInput
from specship.evidence.environment import environment
from specship.evidence.ledger import read_ledger
from specship.evidence.signing import key_id, local_public_key
from specship.faults.catalogue import own_faults, shipped_files
from specship.pipeline.received.receiving import unkept
from specship.probes.registry import all_probes, probes_in_force
from specship.project_code import own_files
from specship.settings_file import FILE, SettingsTable, find_table, parse_toml
from specship.specs.project import Configuration, Project, Survey, survey_project
from specship.status.assess import ledger_problems
from specship.suite.checkup.records import Fact, Section, Unusual
from specship.suite.judging.trust import all_keys
from specship.suite.plan.plan import all_faults
from specship.suite.plan.vocabulary import known_names

_MOST_FILES: Final = 200_000
"""Files whose sizes are added up."""
_LITTLE_BYTES: Final = 1 << 30
"""Of free space; a checkpoint of any size needs more."""
_KEY_DIGITS: Final = 16


def project_sections(start: Path) -> Iterable[Section]:
    """The project at or above a folder, in sections; one that says so where there is none."""
    try:
        table = find_table(start.resolve())
    except SpecshipError as error:
        yield Section(name="project", facts={"settings": "unreadable"}, unusual=(Unusual.of(error),))
        return
    if table is None:
        yield Section(name="project", facts={"root": f"none at or above {start.resolve()}"})
        return
    try:
        survey = survey_project(start)
    except SpecshipError as error:
        told: dict[str, Fact] = {"root": str(table.root), "settings": FILE}
        yield Section(name="project", facts=told, unusual=_each(error))
        return
    yield _project(survey, table)
    yield _contracts(survey)
    yield _own_code(survey)
    yield _evidence(survey)
    yield from _received(survey)
    yield _kept(survey.root)


def _each(error: SpecshipError) -> tuple[Unusual, ...]:
    return tuple(Unusual.of(fault) for fault in getattr(error, "faults", (error,)))


def _project(survey: Survey, table: SettingsTable) -> Section:
    spec, chosen = survey.spec, survey.configuration.profile
    around = environment(survey.root)
    told: dict[str, Fact] = {
        "root": str(survey.root),
        "settings": FILE,
        "git": f"{around.git_commit[:12]}{' with changes' if around.git_dirty else ''}" if around.git_commit
        else "no commit",
    }  # fmt: skip
    unusual = list(_pytest_looks_elsewhere(survey.configuration, survey.root, table.text))
    if spec is not None:
        size = f"{_counted(len(spec.spec.models), 'model')}, {len(spec.criteria)} criteria"
        told["spec"] = f"{spec.spec.spec_id} {spec.version}, {size}"
        told["profiles"] = tuple(
            f"{name}{' (the usual one)' if name == chosen else ''}" for name in sorted(spec.profiles)
        )
        if chosen not in spec.profiles:
            unusual.append(
                Unusual(
                    what=f"{FILE}: there is no profile {chosen!r}",
                    mend=f"set [tool.specship] profile to one of: {', '.join(sorted(spec.profiles))}",
                )
            )
    return Section(name="project", facts=told, unusual=tuple(unusual))


def _pytest_looks_elsewhere(configuration: Configuration, root: Path, text: str) -> Iterable[Unusual]:
    """Where `testpaths` leaves the contracts out, `pytest -m ship` alone collects no gate."""
    options: Any = parse_toml(text, root / FILE).get("tool", {})
    for key in ("pytest", "ini_options"):
        options = options.get(key, {}) if isinstance(options, dict) else {}
    paths = options.get("testpaths") if isinstance(options, dict) else None
    named = paths.split() if isinstance(paths, str) else paths if isinstance(paths, list) else []
    folder = (root / configuration.contracts).resolve()
    if named and not any(folder.is_relative_to((root / str(one)).resolve()) for one in named):
        yield Unusual(
            what=f"{FILE}: pytest's testpaths leave {configuration.contracts} out",
            mend=f"add {configuration.contracts!r} to testpaths",
            stops=False,
        )


def _contracts(survey: Survey) -> Section:
    gates = [gate for file in survey.contracts for gate in file.contract.gates]
    unbound = sum(gate.probe is None for gate in gates)
    try:
        faults = all_faults(survey, known_names(survey.root, survey.configuration))
    except SpecshipError as error:  # a probe file that cannot be imported
        faults = [*survey.faults, *getattr(error, "faults", (error,))]
    sound = {file.path for file in survey.contracts}
    told: dict[str, Fact] = {
        "folder": survey.configuration.contracts,
        "read": f"{_counted(len(sound), 'file')}, {_counted(len(gates), 'gate')}, {unbound} UNBOUND",
        "not read": tuple(sorted(_unread(survey, faults) - sound)),
    }
    return Section(name="contracts", facts=told, unusual=tuple(map(Unusual.of, faults)))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _unread(survey: Survey, faults: Iterable[SpecshipError]) -> set[str]:
    """Files among the contracts that say what nobody could read."""
    start = f"{survey.configuration.contracts.rstrip('/')}/"
    return {fault.at.path for fault in faults if fault.at and fault.at.path.startswith(start)}


def _own_code(survey: Survey) -> Section:
    configuration, root = survey.configuration, survey.root
    unusual = []
    folders = {"probes": configuration.probes, "faults": configuration.faults, "stages": configuration.stages}
    for key, named in folders.items():
        if named and not (root / named).is_dir():
            unusual.append(
                Unusual(
                    what=f"{FILE}: [tool.specship] {key} names {named!r}, and there is no such folder",
                    mend=f"make it, or take the key out: specship new {key[:-1]} NAME",
                    stops=False,
                )
            )
    shipped = all_probes()
    try:
        own = probes_in_force(root, configuration).keys() - shipped.keys()
    except SpecshipError:  # said of the contracts
        own = {"unreadable"}
    faults = own_faults(root / configuration.faults if configuration.faults else None)
    told: dict[str, Fact] = {
        "probes": f"{len(shipped)} of specship",
        "own probes": tuple(sorted(own)),
        "faults": f"{len(shipped_files())} of specship",
        "own faults": tuple(sorted(faults)),
    }
    if configuration.stages:
        told["own stages"] = tuple(sorted(own_files(root / configuration.stages)))
    return Section(name="probes and faults", facts=told, unusual=tuple(unusual))


def _evidence(survey: Survey) -> Section:
    """The ledger, and whose signature counts; of a private key nothing is told but that it is there."""
    project = Project(survey.root, survey.configuration, survey.contracts, survey.spec)  # type: ignore[arg-type]
    told: dict[str, Fact] = {}
    unusual: list[Unusual] = []
    path = project.state / "keys" / "local.ed25519"
    try:
        own = local_public_key(project.state)
        told["local key"] = f"{_shown(own)} ({path.relative_to(survey.root)})" if own else "none made yet"
        if own and stat.S_IMODE(path.stat().st_mode) & 0o077:
            mend = f"chmod 600 {path.relative_to(survey.root)}"
            unusual.append(
                Unusual(what="others of this machine may read the local key", mend=mend, stops=False)
            )
        keys = all_keys(project)
    except (SpecshipError, OSError) as error:
        unusual.append(_of_any(error))
        keys = frozenset()
    told["trusted keys"] = tuple(
        f"{_shown(entry.public)} of {entry.owner}: {', '.join(entry.purposes)}, {entry.days}"
        for entry in survey.configuration.trusted_keys
    )
    ledger = read_ledger(project.ledger_folders, keys=keys)
    unsigned = sum(not entry.signers for entry in ledger.statements)
    told["ledger"] = (
        f"{_counted(len(ledger.statements), 'statement')}, {len(ledger.damaged)} damaged, "
        f"{len(ledger.holes) + len(ledger.lost)} missing, {unsigned} not signed by a key known here"
    )
    told["arming"] = _counted(len(list(project.arming_folder.glob("GATE-*.json"))), "record")
    unusual += [_of_text(problem) for problem in ledger_problems(ledger)]
    return Section(name="evidence", facts=told, unusual=tuple(unusual))


def _received(survey: Survey) -> Iterable[Section]:
    """What profiles name as made elsewhere, and whether it is what was promised; nothing where none is."""
    profiles = survey.spec.profiles.values() if survey.spec else ()
    sections = [settings for profile in profiles for settings in profile.pipeline.values()]
    named = dict.fromkeys(
        f"{name}: {place}"
        for settings in sections
        for name, section in settings.items()
        if name.startswith("received") or name in {"logged", "evaluated"}
        if isinstance(section, dict) and (place := section.get("folder") or section.get("file"))
    )
    wrong = {str(error): error for settings in sections for error in unkept(settings, survey.root)}
    if named:
        told: dict[str, Fact] = {"named": tuple(named)}
        yield Section(name="received", facts=told, unusual=tuple(map(Unusual.of, wrong.values())))


def _shown(public: bytes) -> str:
    return f"sha256:{key_id(public)[:_KEY_DIGITS]}"


def _of_any(error: SpecshipError | OSError) -> Unusual:
    if isinstance(error, SpecshipError):
        return Unusual.of(error)
    return Unusual.of(UnusableInput(f"cannot read: {error.strerror}", at=error.filename))


def _of_text(text: str) -> Unusual:
    what, _, mend = text.partition("\n  mend: ")
    what, _, why = what.partition("\n  why:  ")
    return Unusual(what=what, why=why, mend=mend)


def _kept(root: Path) -> Section:
    """How much lies on the disk of what was made here."""
    state = root / ".specship"
    parts = sorted(path for path in state.iterdir() if path.is_dir()) if state.is_dir() else []
    told: dict[str, Fact] = {"kept": tuple(f"{path.name} {_size(path)}" for path in parts) or "nothing yet"}
    free = shutil.disk_usage(root).free
    told["free"] = f"{free / 1e9:.1f} GB"
    little = Unusual(what=f"only {free / 1e6:.0f} MB are free where {root} lies", mend="free some space")
    return Section(name="disk", facts=told, unusual=(little,) if free < _LITTLE_BYTES else ())


def _size(folder: Path) -> str:
    total = count = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).lstat().st_size
            except OSError:
                continue
            count += 1
        if count > _MOST_FILES:
            return f"more than {total / 1e6:.1f} MB"
    return f"{total / 1e6:.1f} MB"
