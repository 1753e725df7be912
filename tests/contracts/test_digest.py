"""The digest of a gate changes exactly when its meaning does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specship.code_digests import code_shape
from specship.contracts.digest import gate_digest
from specship.contracts.records import Gate
from specship.digests import digest_of

MEANING: dict[str, Any] = {
    "id": "GATE-A-001", "rule": "It holds.", "binds_to": ("AC-X-001",), "ship_blocking": True, "probe": "a.b",
    "expect": {"loss": {"at_most": 2.2, "unit": "nats/token"}, "n": {"at_least": 16, "unit": "prompts"}},
    "requires": {"device": "cuda"}, "falsified_by": ("frozen-weights", "nan"),
}  # fmt: skip


SURE: dict[str, Any] = {"at_most": 2.2, "unit": "nats/token", "confidence": 0.95, "error": "se"}


def digest(code: str = "1", **changes: Any) -> str:
    return gate_digest(Gate.model_validate(MEANING | changes), probe_code=code)


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "It holds, in other words."},
        {"ship_blocking": False},
        {
            "expect": {
                "n": {"at_least": 16, "unit": "prompts"},
                "loss": {"unit": "nats/token", "at_most": 2.20},
            }
        },
        {"falsified_by": ("nan", "frozen-weights")},
    ],
    ids=["prose", "blocking", "order-of-keys-and-2.20", "order-of-faults"],
)
def test_prose_and_order_keep_it(change: dict[str, Any]) -> None:
    assert digest(**change) == digest()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "GATE-A-002"},
        {"probe": "a.c"},
        {"code": "2"},
        {"expect": {**MEANING["expect"], "loss": {"at_most": 2.3, "unit": "nats/token"}}},
        {"expect": {**MEANING["expect"], "loss": {"below": 2.2, "unit": "nats/token"}}},
        {"expect": {"loss": MEANING["expect"]["loss"]}},
        {"requires": {}},
        {"falsified_by": ("nan",)},
        {"expect": {**MEANING["expect"], "loss": SURE}},
    ],
    ids=["id", "probe", "code", "limit", "operator", "fewer", "requirement", "faults", "confidence"],
)
def test_meaning_changes_it(change: dict[str, Any]) -> None:
    assert digest(**change) != digest()


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_a_digest_survives_json_and_key_order(value: Any) -> None:
    again = json.loads(json.dumps(value))

    def turned(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: turned(item[key]) for key in reversed(item)}
        return [turned(entry) for entry in item] if isinstance(item, list) else item

    assert digest_of(turned(again)) == digest_of(value)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_different_numbers_have_different_digests(first: float, second: float) -> None:
    assert (digest_of(first) == digest_of(second)) == (first == second)


PLAIN = 'def f(x):\n    return x + 1\n\n\nTEXT = "# no comment"\n'
DRESSED = '"""A module."""\n\ndef f(x):  # adds\n    """One\n    more."""\n\n    return x + 1\nTEXT = "# no comment"\n'


def test_a_code_digest_is_blind_to_comments_and_docstrings() -> None:
    assert code_shape(PLAIN) == code_shape(DRESSED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PLAIN, PLAIN.replace("x + 1", "x + 2")),
        (PLAIN, PLAIN.replace("# no", "# a")),
        ('def f():\n    """Doc."""; LIMIT = 3\n', 'def f():\n    """Doc."""; LIMIT = 999\n'),
        ('"""A\u2028b."""\ny = 1\n', '"""A\u2028b."""\ny = 999\n'),
        ('def f():\n    """3"""\nx = int(f.__doc__)\n', 'def f():\n    """4"""\nx = int(f.__doc__)\n'),
        ('x = """a\n\nb"""\n', 'x = """a\nb"""\n'),
        ("x = True\n", "x = 1\n"),
    ],
    ids=["number", "text", "behind-a-docstring", "line-separator", "read-docstring", "blank-line", "kind"],
)
def test_a_code_digest_sees_every_other_change(one: str, other: str) -> None:
    assert code_shape(one) != code_shape(other)


@pytest.mark.parametrize(
    "change",
    [{"confidence": 0.99}, {"error": "other"}, {"error": None, "count": "se"}],
    ids=["higher", "error", "count"],
)
def test_another_interval_is_another_limit(change: dict[str, Any]) -> None:
    assert digest(expect={"loss": SURE | change}) != digest(expect={"loss": SURE})


def test_a_limit_without_confidence_keeps_the_digest_that_it_had_before_there_was_one() -> None:
    assert digest() == "d9789a9461420b5f0218f5995ea3e943660b0b8300c447f428cdbac371ab2c40"
