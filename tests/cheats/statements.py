"""The statement itself: edited, signed by somebody else, or signed and false."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.evidence.envelope import seal_payload
from specship.evidence.signing import SigningKey
from tests.cheats.cheat import Cheat
from tests.projects.merging import UNMEASURED, Merging, statements

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
    """The key that base trusts."""
    return world.key


ROWS: Final = (
    Cheat("edit a measured value", edited(pretend), ("signature",), "no key that base trusts signed it"),
    Cheat("edit it, and sign with a key of one's own", resealed(pretend, stranger), ("signature",), "no key that base trusts signed it"),
)  # fmt: skip
