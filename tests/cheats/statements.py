"""The statement itself: edited, signed by somebody else, or signed and false."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.evidence.envelope import seal_payload
from specship.evidence.signing import SigningKey
from tests.cheats.cheat import Cheat
from tests.projects.evidenced import hold_evidence
from tests.projects.histories import git
from tests.projects.merging import CONTRACT, UNMEASURED, Merging, commit, statements
from tests.projects.small_project import edit
from tests.projects.trusting import trusting

Edit = Callable[[dict[str, Any]], object]
FALSE: Final = {UNMEASURED: {"shared_digests": 3}}


def failing(world: Merging) -> Path:
    """The statement of a gate that was measured, and fails; nobody has committed it yet."""
    world.measure(FALSE)
    (path,) = statements(world.folder, UNMEASURED)
    return path


def annotations(statement: dict[str, Any]) -> dict[str, Any]:
    """Our facts in a statement."""
    found: dict[str, Any] = statement["predicate"]["configuration"][0]["annotations"]
    return found


def pretend(statement: dict[str, Any]) -> None:
    """Make it pass."""
    facts = annotations(statement)
    facts["verdict"], facts["reason"] = "PASS", "it holds"
    facts["measurement"]["quantities"]["shared_digests"]["value"] = 0
    statement["predicate"]["result"] = "PASSED"


def replaced(path: Path, data: bytes) -> None:
    """Other bytes under their own name."""
    path.unlink()
    path.with_name(f"{sha256_bytes(data)}.json").write_bytes(data)


def enveloped(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """An envelope and the statement in it."""
    envelope: dict[str, Any] = json.loads(path.read_text())
    return envelope, json.loads(base64.b64decode(envelope["payload"]))


def edited(edit: Edit) -> Callable[[Merging], None]:
    """The payload changed, the signature as it was."""

    def act(world: Merging) -> None:
        path = failing(world)
        envelope, statement = enveloped(path)
        edit(statement)
        envelope["payload"] = base64.b64encode(json.dumps(statement, sort_keys=True).encode()).decode()
        replaced(path, json.dumps(envelope).encode())

    return act


def resealed(edit: Edit, key: Callable[[Merging], SigningKey], kind: str = "") -> Callable[[Merging], None]:
    """The payload changed and signed again."""

    def act(world: Merging) -> None:
        path = failing(world)
        envelope, statement = enveloped(path)
        edit(statement)
        replaced(path, seal_payload(kind or envelope["payloadType"], statement, key(world)))

    return act


def wrapped(edit: Edit, *, pretended: bool = True) -> Callable[[Merging], None]:
    """A sound statement of what passes; the envelope around it changed."""

    def act(world: Merging) -> None:
        world.measure({} if pretended else FALSE)
        (path,) = statements(world.folder, UNMEASURED)
        envelope, _ = enveloped(path)
        edit(envelope)
        replaced(path, json.dumps(envelope).encode())

    return act


def stranger(world: Merging) -> SigningKey:
    """A key that nobody trusts."""
    return world.other


def trusted(world: Merging) -> SigningKey:
    """The key that base trusts: whoever holds it can lie, but not about what is written twice."""
    return world.key


def told(**facts: Any) -> Edit:
    """Our facts in a statement that pretends, changed."""

    def edit_facts(statement: dict[str, Any]) -> None:
        pretend(statement)
        annotations(statement).update(facts)

    return edit_facts


def machine(**facts: Any) -> Edit:
    """The machine that a pretending statement says it was taken on, changed."""

    def edit_machine(statement: dict[str, Any]) -> None:
        pretend(statement)
        annotations(statement)["environment"].update(facts)

    return edit_machine


def value(**changes: Any) -> Edit:
    """What was measured of one quantity, changed in a statement that says PASS."""

    def edit_value(statement: dict[str, Any]) -> None:
        facts = annotations(statement)
        facts["verdict"], facts["reason"] = "PASS", "it holds"
        facts["measurement"]["quantities"]["shared_digests"].update(changes)

    return edit_value


def configured(index: int, digest: str) -> Edit:
    """One of the digests that a statement is about, changed."""

    def edit_digest(statement: dict[str, Any]) -> None:
        pretend(statement)
        statement["predicate"]["configuration"][index]["digest"]["sha256"] = digest

    return edit_digest


def about(subjects: list[dict[str, Any]]) -> Edit:
    """What a statement says it measured, changed."""

    def edit_subjects(statement: dict[str, Any]) -> None:
        pretend(statement)
        statement["subject"] = subjects

    return edit_subjects


def ahead(world: Merging) -> None:
    """A clock that runs an hour ahead."""
    resealed(told(ended=(datetime.now(UTC) + timedelta(hours=1)).isoformat()), trusted)(world)


def in_place(world: Merging) -> None:
    """The measured value edited, the name of the file as it was."""
    path = failing(world)
    envelope, statement = enveloped(path)
    pretend(statement)
    envelope["payload"] = base64.b64encode(json.dumps(statement, sort_keys=True).encode()).decode()
    path.write_text(json.dumps(envelope))


def twice(world: Merging) -> None:
    """A payload in which a second value hides the first, signed as it is."""
    path = failing(world)
    envelope, statement = enveloped(path)
    pretend(statement)
    text = json.dumps(statement, sort_keys=True).replace('"value": 0', '"value": 3, "value": 0', 1)
    signed = world.key.sign(envelope["payloadType"], text.encode())
    envelope["payload"] = base64.b64encode(text.encode()).decode()
    envelope["signatures"][0]["sig"] = base64.b64encode(signed).decode()
    replaced(path, json.dumps(envelope).encode())


def thrown_away(world: Merging) -> None:
    """A failure deleted, and measured again until it passes."""
    failing(world).unlink()
    world.measure({})


def tried_again(world: Merging) -> None:
    """A failure kept, and measured again until it passes."""
    world.measure(FALSE)
    world.measure({})


def older(world: Merging) -> None:
    """The ledger as it was before the failure."""
    for path in (world.folder / "evidence").glob("*.json"):
        path.unlink()
    git(world.folder, "checkout", "-q", "base", "--", "evidence")


def armed_by(key: Callable[[Merging], SigningKey], value: Any = None) -> Callable[[Merging], None]:
    """A record of arming written again: by another key, or with values that break nothing."""

    def act(world: Merging) -> None:
        world.measure({})
        folder = world.folder / "evidence" / "arming"
        (path,) = folder.glob(f"{UNMEASURED}.*.json")
        envelope, record = enveloped(path)
        for fault in record["faults"].values():
            for seen in fault["fails"]:
                seen["value"] = seen["value"] if value is None else value
        data = seal_payload(envelope["payloadType"], record, key(world))
        path.unlink()
        (folder / f"{UNMEASURED}.{sha256_bytes(data)[:16]}.json").write_bytes(data)

    return act


def posed(world: Merging) -> None:
    """A record of arming laid among the evidence."""
    (path,) = (world.folder / "evidence" / "arming").glob(f"{UNMEASURED}.*.json")
    data = path.read_bytes()
    (world.folder / "evidence" / f"{sha256_bytes(data)}.json").write_bytes(data)


def bases(world: Merging) -> None:
    """Branches to merge into that differ from `base` in one thing."""
    key = f"[{trusting(world.key)}"
    for name, more in {
        "base-revoked": trusting(world.other, revoked="2026-02-01"),
        "base-expired": trusting(world.other, until="2026-02-01"),
        "base-not-yet": trusting(world.other, since="2026-06-01"),
        "base-arming": trusting(world.other, "arming"),
        "base-rehearsal": trusting(world.other, "rehearsal"),
    }.items():
        world.branch(name)
        edit(world.folder / "pyproject.toml", key, f"{key}, {more}")
        commit(world.folder, name)
    world.branch("base-failing")
    world.measure(FALSE)
    commit(world.folder, "it was measured, and fails")
    world.branch("base-aging")
    path = world.folder / "specs/small/profiles/release.yaml"
    path.write_text(f"oldest_evidence_days: 30\n{path.read_text()}")
    commit(world.folder, "evidence ages")
    world.branch("base-cuda")
    edit(
        world.folder / CONTRACT,
        "    probe: corpus.split",
        "    requires: {device: cuda}\n    probe: corpus.split",
    )
    hold_evidence(world.folder, world.key, "release", {}, but=UNMEASURED)
    commit(world.folder, "it asks for CUDA")


_OTHER_KEY: Final = resealed(pretend, stranger)
_STALE: Final = ("freshness",)
_UNREADABLE: Final = ("ledger is whole",)

ROWS: Final = (
    Cheat("edit a measured value", edited(pretend), ("signature",), "no key known here signed it"),
    Cheat("sign an edited value oneself", _OTHER_KEY, ("signature",), "no key known here signed it"),
    Cheat("edit a value under its old name", in_place, ("names are digests", "signature", "ledger only grows"), "its bytes are not the ones its name promises"),
    Cheat("say it is of another kind", wrapped(lambda envelope: envelope.update(payloadType="application/vnd.specship.attempt+json")), ("kinds are signed", "signature"), "not an attempt"),
    Cheat("say it is of no kind known", wrapped(lambda envelope: envelope.update(payloadType="application/json")), ("kinds are signed", "signature"), "the payload is 'application/json'"),
    Cheat("sign with nothing", wrapped(lambda envelope: envelope.update(signatures=[])), ("signatures are asked for", "signature"), "signatures"),
    Cheat("choose a laxer rule outside of what is signed", wrapped(lambda envelope: envelope.update(policy="lax")), ("unknown keys",), "policy"),
    Cheat("hide one value behind another in what is signed", twice, ("strict JSON",), "twice"),
    Cheat("pad what is signed with junk", wrapped(lambda envelope: envelope.update(payload=envelope["payload"][:8] + "\n" + envelope["payload"][8:])), ("base64 is strict",), "evidence"),
    Cheat("lay arming among the evidence", posed, _UNREADABLE, "vnd.specship.arming+json"),
    Cheat("delete a failure, and measure until it passes", thrown_away, (*_UNREADABLE, "attempts have results"), "and its result is missing"),
    Cheat("bring last month's ledger back", older, ("ledger only grows", "failures of base stand"), "is on base and not here", base="base-failing"),
    Cheat("sign with a key that was revoked", resealed(told(), stranger), ("days of a key",), "its date may be any", base="base-revoked"),
    Cheat("sign with a key whose days are over", resealed(told(), stranger), ("days of a key",), "its date may be any", base="base-expired"),
    Cheat("sign with a key before its days", resealed(told(), stranger), ("purposes and days of a key",), "counts from 2026-06-01", base="base-not-yet"),
    Cheat("sign evidence with a key for arming", resealed(told(), stranger), ("purposes and days of a key",), "trusted for arming, and not for release", base="base-arming"),
    Cheat("sign a release with a key for rehearsals", resealed(told(), stranger), ("purposes and days of a key",), "trusted for rehearsal, and not for release", base="base-rehearsal"),
    # What earns nothing, whoever signed it.
    Cheat("say PASS of what fails", resealed(value(), trusted), ("judged again",), "stated PASS, judged FAIL", face="status"),
    Cheat("measure a text", resealed(value(value="0"), trusted), ("judged again",), "shared_digests", face="status"),
    Cheat("measure another unit", resealed(value(value=0, unit="fraction"), trusted), ("judged again",), "shared_digests", face="status"),
    Cheat("measure in the future", ahead, ("time", ), "it comes from the future", face="status"),
    Cheat("end before it began", resealed(told(started="2026-01-02T00:00:00+00:00"), trusted), ("time",), "it ended before it began", face="status"),
    Cheat("keep old evidence", lambda world: world.measure({}), ("age",), "it is older than the profile allows", base="base-aging", face="status"),
    Cheat("measure what is not committed", resealed(machine(git_dirty=True), trusted), ("committed files",), "it was taken on files that are not committed", face="status"),
    Cheat("measure on the CPU what asks for CUDA", resealed(machine(device="cpu"), trusted), ("device",), "requires CUDA", base="base-cuda", face="status"),
    Cheat("relax a check", resealed(told(bypasses={"allow-cpu": "It is late."}), trusted), ("nothing relaxed",), "a check was relaxed for it: allow-cpu", face="status"),
    Cheat("alter specship itself", resealed(machine(altered=["specship/status/assess.py"]), trusted), ("nothing relaxed",), "specship's own installed files were altered", face="status"),
    Cheat("announce nothing", resealed(told(attempt=""), trusted), ("announced", "attempts have results"), "no attempt announced it", face="status"),
    Cheat("announce something else", resealed(told(attempt="0" * 64), trusted), ("announced", "attempts have results"), "missing", face="status"),
    Cheat("judge with code of one's own", resealed(told(judged_by={"version": "0.1.0", "code": "0" * 64}), trusted), _STALE, "judged by other code of specship", face="status"),
    Cheat("pass another gate of the same name", resealed(configured(0, "0" * 64), trusted), (*_STALE, "announced"), "its attempt announced another measurement", face="status"),
    Cheat("pass with other settings", resealed(configured(3, "0" * 64), trusted), (*_STALE, "announced"), "its attempt announced another measurement", face="status"),
    Cheat("measure other bytes", resealed(about([{"name": "corpus", "digest": {"sha256": "0" * 64}}]), trusted), (*_STALE, "announced"), "its attempt announced another measurement", face="status"),
    Cheat("measure nothing", resealed(about([]), trusted), (*_STALE, "announced"), "its attempt announced another measurement", face="status"),
    Cheat("measure by a weaker digest", resealed(about([{"name": "corpus", "digest": {"md5": "0" * 32}}]), trusted), (*_UNREADABLE, "digests are sha256", *_STALE, "announced"), "sha256", face="status"),
    Cheat("measure twenty times, and keep the pass", tried_again, ("worst wins",), "FLAKY", face="status"),
    Cheat("arm with a key of one's own", armed_by(stranger), ("arming by a key that counts",), "signed its arming", face="status"),
    Cheat("arm with values that break nothing", armed_by(trusted, 0), ("arming is judged again",), "which does not break", face="status"),
    Cheat("pass for another model", resealed(told(model="MODEL-9"), trusted), ("of this model and profile", "announced"), "no evidence yet", face="status"),
    Cheat("pass at another profile", resealed(told(profile="rehearsal"), trusted), ("of this model and profile", "announced"), "no evidence yet", face="status"),
)  # fmt: skip
