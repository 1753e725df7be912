"""What a person is told: each error says what, where, and why or how to mend it, in plain words."""

import re
from pathlib import Path
from typing import Final

import pytest

import specship.errors
from tests.messages import Message, classes, errors, messages, page

_OTHERS: Final = re.compile(r"\{[^}]*(?:error|refusal|message|answer|reason|detail|why|text)[^}]*\}")
"""A text that somebody else's error, or another part of the product, filled in with its reason."""
WHOLE: Final = {
    "UnreadableDocument": "it holds other errors, each of them whole",
    "TrainingAborted": "its text is the status that the run's record has; the log says why",
    "EndOfData": "it ends an epoch and is caught",
    "NotRecorded": "what was not written down in time cannot be mended, and the text says what that was",
}
"""Kinds whose text alone says what is to be known, and why."""
HERE: Final = {
    "RequirementMissing": "it is about this machine",
    "DriverLost": "it is about this machine",
    **WHOLE,
}
"""Kinds that need no place."""
PLACELESS: Final = {
    "cli": "what was given on the command line stands above it",
    "amend": "what was given on the command line stands above it",
    "faults": "the gate that names the fault is printed before it",
    "evidence": "git itself is asked",
    "pipeline": "the stage, file or options that are worked on are printed before it",
    "probes": "the gate that asks the probe is printed before it",
    "review": "what was given on the command line stands above it",
    "suite": "the gate or project that is worked on is printed before it",
}
"""Rooms that speak of what is named anyway, and what names it."""
WORDS: Final = {
    "metrics file": "log", "hyperparameter": "setting", "ckpt": "checkpoint",
    "dataset": "corpus", "stale cache": "stale", "acceptance criterion": "criterion", "exemption": "waiver",
    "golden master": "golden texts", "subcommand": "command", "param": "parameter",
    "cannot find": "there is no", "invalid": "what is wrong with it", "illegal": "what is wrong with it",
    "please": "nothing", "oops": "nothing", "failed to": "cannot", "unable to": "cannot",
}  # fmt: skip
"""Words that no message uses, and the one that it uses instead: the glossary's, or a plainer one."""


@pytest.fixture(scope="module")
def found() -> list[Message]:
    return list(messages())


def of_errors(found: list[Message]) -> list[Message]:
    return [one for one in found if one.kind in errors()]


def spoken(text: str) -> str:
    """A text without what is filled in, and without what stands in backquotes: names of others."""
    return re.sub(r"\{[^}]*\}|`[^`]*`", "…", text)


def test_the_list_has_every_kind(found: list[Message]) -> None:
    kinds = {one.kind for one in found}

    assert {
        "UnusableInput",
        "UnknownName",
        "DamagedArtifact",
        "NeverFetched",
        "NotRecorded",
        "StageFailed",
    } < kinds
    assert {"Violation", "Observed", "Unusual", "note"} < kinds
    assert len(found) > 800


def test_an_error_says_why_or_how_to_mend_it(found: list[Message]) -> None:
    silent = [
        f"{one.file}:{one.line} {one.what}"
        for one in of_errors(found)
        if one.kind not in WHOLE
        and not one.given & {"why", "mend", "code"}
        and not getattr(getattr(specship.errors, one.kind, None), "usual_mend", "")
        and not _OTHERS.search(one.what)
    ]

    assert silent == []


def test_an_error_says_where(found: list[Message]) -> None:
    """At a place, or in a text that names what it is about."""
    lost = [
        f"{one.file}:{one.line} {one.what}"
        for one in of_errors(found)
        if one.kind not in HERE and "at" not in one.given and "{" not in one.what and "--" not in one.what
        and Path(one.file).parts[2] not in PLACELESS
    ]  # fmt: skip

    assert lost == []


def test_no_message_ends_with_a_full_stop(found: list[Message]) -> None:
    assert [
        (one.file, one.line, text) for one in found for text in one.texts if re.search(r"[^.]\.$", text)
    ] == []


def test_no_message_names_a_class_of_ours(found: list[Message]) -> None:
    """Names of the field, such as HumanEval, are no classes; what a project's own code has to write is quoted."""
    ours = {name for name in classes() if re.search("[a-z][A-Z]", name)}
    named = {
        (one.file, one.line, word)
        for one in found
        for text in one.texts
        for word in re.findall(r"\w+", spoken(text))
        if word in ours
    }

    assert named == set()


def test_messages_use_the_words_of_the_glossary(found: list[Message]) -> None:
    other = [
        (one.file, one.line, word, f"say {WORDS[word]}")
        for one in found
        for text in one.texts
        for word in WORDS
        if re.search(rf"\b{word}s?\b", spoken(text), re.IGNORECASE)
    ]

    assert other == []


def test_the_page_holds_them_all(found: list[Message]) -> None:
    text = page(found)

    assert all(f"`{one.file}:{one.line}`" in text for one in found)
    assert text.count("\n- `") == len(found)


def test_a_message_that_is_wrong_is_seen() -> None:
    """The checks themselves, on texts that break them."""
    assert _OTHERS.search("cannot be read: {error.strerror}")
    assert not _OTHERS.search("a batch of {sequences} sequences")
    assert re.search(r"[^.]\.$", "it is gone.")
    assert spoken("write `Stage(...)` into {path}") == "write … into …"
