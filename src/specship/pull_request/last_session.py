"""What the last test session says of itself: an explanation beside a decision, which never rests on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from specship.bounds import JSON_STATEMENT_BYTES
from specship.errors import SpecshipError
from specship.evidence.entry import open_record
from specship.evidence.receipt import LAST, NOT_RUN, Receipt
from specship.settings_file import find_table

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_DIGEST_BYTES: Final = 65


def last_session(start: Path, committed: Iterable[Receipt]) -> str:
    """The newest receipt of those that are committed and the one that lies in this checkout, in words."""
    receipts = [*committed, *_lying_here(start)]
    if not receipts:
        return "no session left a receipt"
    return told(max(receipts, key=lambda receipt: receipt.ended))


def _lying_here(start: Path) -> Iterator[Receipt]:
    """The receipt of the last session in this checkout; none that could be read is none."""
    try:
        table = find_table(start)
        if table is None:
            return
        state = table.root / ".specship"
        digest = _bytes_of(state / LAST, _DIGEST_BYTES).decode("ascii").strip()
        if not _DIGEST.fullmatch(digest):
            return
        path = state / "ledger" / f"{digest}.json"
        kinds = {Receipt.PAYLOAD_TYPE: Receipt}
        opened = open_record(_bytes_of(path, JSON_STATEMENT_BYTES), kinds, keys=frozenset(), at=path.name)
    except (SpecshipError, OSError, ValueError):
        return
    if isinstance(opened.record, Receipt) and opened.digest == digest:
        yield opened.record


def _bytes_of(path: Path, most: int) -> bytes:
    """The bytes of a plain file; none of another, or of a longer one."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > most:
        return b""
    return path.read_bytes()


def told(receipt: Receipt) -> str:
    """What a session ran and did not run, and what was shown otherwise than it was."""
    judged = len(receipt.judged)
    parts = [
        f"the last session ({receipt.ended:%Y-%m-%d %H:%M} UTC) ran {judged} of {receipt.expected} gates"
    ]
    left = Counter(ending for ending in receipt.gates.values() if ending in NOT_RUN)
    parts += [f"{count} {ending}" for ending, count in sorted(left.items())]
    if receipt.rewritten:
        by = sorted({name for entry in receipt.rewritten for name in entry.by})
        parts.append(f"{len(receipt.rewritten)} were rewritten by {', '.join(by[:3]) or 'somebody'}")
    if receipt.replaced:
        parts.append(f"{len(receipt.replaced)} functions that decide were replaced")
    return ", ".join([*parts, f"and ended with {receipt.exit_status}"])
