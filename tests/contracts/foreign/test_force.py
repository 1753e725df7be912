"""Rules that their authors took back, or have not put in force yet: none of them is bound."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from specship.contracts.foreign.conversion import convert
from specship.probes.registry import all_probes

UNITS = {name: probe.units for name, probe in all_probes().items()}
CLAIM = 'rule: "val_loss <= 2.2 nats/token"'
TODAY = datetime.now(UTC).date()

OUT = (
    "deprecated: true", "Deprecated: yes", 'deprecated: "since 1.2"', "is_deprecated: on", "deprecation: {since: 1}",
    "status: deprecated", "status: draft", "status: proposed", "status: rejected", "status: superseded",
    "status: withdrawn", "status: obsolete", "status: wip", "status: todo", "status: Retired", "status: on hold",
    "status: not yet enforced", "status: [draft, training]", "status: somehow", "state: disabled",
    "state: inactive", "lifecycle: experimental", "lifecycle: {stage: sunset}", "lifecycle_state: archived",
    "stage: draft", "phase: proposed", "maturity: experimental", "tags: [loss, deprecated]", "labels: WIP",
    "skip: true", "skipped: yes", 'skip: "flaky on CI"', "skip_reason: too slow", "skip-if: cpu", "xfail: true",
    "disabled: true", "disabled_since: 2024-01-01", "disabledReason: noise", "ignore: 1", "muted: on",
    "enabled: false", "enabled: no", 'enabled: "off"', "enabled: 0", 'active: "false"', "isActive: n",
    "enforced: never", "enabled: nightly", "enforced: ${ENFORCE}", "in_force: soon", "required: false",
    "superseded_by: G7", "supersededBy: [G7]", "replaced_by: G7", "Superseded-By: G7", "moved_to: other.yaml",
    "removed_in: 2.0", "retired: 2023", "expires: 2024-01-01", "expires_at: 2024-01-01T00:00:00Z",
    "until: 2023/12/31", "valid_until: 2020", "sunset: 2024-02", "expiry: 2024-13-45", "until: the next release",
    "not_after: 2001-01-01", f"end_date: {TODAY - timedelta(days=1)}", "valid_from: 2999-01-01",
    f"effective_from: {TODAY + timedelta(days=1)}", "effective: someday", "manual: true", "live: false",
    "name: Loss (deprecated)", "title: '[DRAFT] loss'", "id: G1-obsolete", "note: not in force", "todo: think",
    "metadata: {deprecated: true}", "annotations: {contract: {status: draft}}",
)  # fmt: skip
IN = (
    "deprecated: false", "deprecated:", "deprecated: no", "skip: null", "skip: []", "skip: {}", "disabled: off",
    "draft: '0'", "enabled: true", "active: yes", "enforced: on", "required: true", "isActive: TRUE",
    "status: active", "status: Enforced", "status: passing", "status: failing", "status:", "state: stable",
    "lifecycle: production", "superseded_by: none", "superseded_by:", "replaced_by: []", "expires: never",
    "expires: 2999-12-31", f"valid_until: {TODAY}", "until: 2999", "valid_from: 2020-01-01", "effective: 2021-05",
    "supersedes: G0", "replaces: [G0]", "since: v1.2", "introduced: 1.0", "ship_blocking: true", "verified: true",
    "critical: false", "author: somebody", "stage: train", "tags: [loss, core]", "removed_documents: 5",
    "metadata: {deprecated: false, reviewed: false}",
)  # fmt: skip


def reasons(folder: Path, text: str) -> list[str]:
    """Why each rule of a file is not bound, in its order."""
    path = folder / "theirs-v1.yaml"
    path.write_text(text, encoding="utf-8")
    return [one.why for one in convert(path, UNITS, stage="train").rules]


def entries(marks: tuple[str, ...], *, indent: str = "  ") -> str:
    """One rule a mark, each of which would be bound without it."""
    return "".join(f"{indent}- {CLAIM}\n{indent}  {mark}\n" for mark in marks)


def test_a_rule_that_is_not_in_force_is_not_bound(tmp_path: Path) -> None:
    found = dict(zip(OUT, reasons(tmp_path, "gates:\n" + entries(OUT)), strict=True))

    assert [mark for mark, why in found.items() if not why] == []
    assert found["deprecated: true"] == "it is not in force: deprecated is 'true'"
    assert found["expires: 2024-01-01"] == "it has ended: expires is '2024-01-01'"
    assert found["until: the next release"] == "it may be over: until is 'the next release'"
    assert found["manual: true"].startswith(
        "nobody here knows what a key means that may switch it off: manual"
    )


def test_a_rule_that_is_in_force_is_bound(tmp_path: Path) -> None:
    """Marks that say so, that say nothing, and whose day has come or is yet to come."""
    found = dict(zip(IN, reasons(tmp_path, "gates:\n" + entries(IN)), strict=True))

    assert {mark: why for mark, why in found.items() if why} == {}


RULE = f"gates:\n  - {CLAIM}\n"
ABOVE = {
    # plain words: (text, whether its rule is bound)
    "the head of the file": (f"status: draft\n{RULE}", False),
    "what a file says of itself": ("metadata: {status: proposed}\n" + RULE, False),
    "a contract's own head": ("contract: {superseded_by: C-2}\n" + RULE, False),
    "a head that is in force": ("metadata: {status: active, deprecated: false}\n" + RULE, True),
    "a head with settings": ("strict: true\nmetadata: {reviewed: false}\n" + RULE, True),
    "a group of sections": (f"quality:\n  deprecated: true\n  gates:\n    - {CLAIM}\n", False),
    "a group in force": (f"quality:\n  enabled: true\n  gates:\n    - {CLAIM}\n", True),
    "a section": ("thresholds:\n  enabled: false\n  straight_share: {max: 0.02, unit: fraction}\n", False),
    "a section in force": ("thresholds:\n  enabled: true\n  straight_share: {max: 0.02, unit: fraction}\n", True),
    "a section of named rules": (f"gates:\n  expires: 2020-01-01\n  loss: {{{CLAIM}}}\n", False),
    "an entry around others": (f"equations:\n  e:\n    skip: true\n    formula: f\n    invariants:\n      - {CLAIM}\n", False),
    "a file that is one rule": (f"deprecated: true\n{CLAIM}\n", False),
}  # fmt: skip


@pytest.mark.parametrize("case", ABOVE, ids=lambda case: case.replace(" ", "-"))
def test_what_stands_above_a_rule_takes_it_back_too(case: str, tmp_path: Path) -> None:
    text, bound = ABOVE[case]

    assert (reasons(tmp_path, text)[-1] == "") is bound
