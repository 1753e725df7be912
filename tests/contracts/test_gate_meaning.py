"""From YAML text to the digest of a gate: every way to write the same gate, every change of its meaning."""

import copy
import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from specship.contracts.building import build
from specship.contracts.digest import gate_digest
from specship.contracts.document import document_of
from specship.contracts.reader import contract_of
from specship.contracts.records import Gate
from specship.digests import canonical, digest_of
from specship.specs.in_force import effective
from specship.specs.records import Profile
from tests.contracts.yaml_writing import yaml_text

NAME = "some-rule-v1.yaml"
CODE = "c0de"

words = st.text("abcdefghijkz", min_size=1, max_size=8)
slugs = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
wholes = st.integers(-(10**18) + 1, 10**18 - 1)
decimals = st.floats(allow_nan=False, allow_infinity=False)
numbers = wholes | decimals | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 2.2, 2.0**53])
texts = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=12) | st.sampled_from(
    ["1", "1.0", "true", "null", "~", "no", "1e3", "int:1", "decimal:2.2", "a: b", "- a", "#", "'", '"', "é"]
)
scalars = numbers | texts | st.booleans()
units = st.sampled_from(["nats/token", "nats", "difference"])


def _limit(
    operator: str, limit: st.SearchStrategy[Any], unit: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({operator: limit, "unit": unit})


limits = (
    st.sampled_from(["at_most", "at_least", "below", "above"]).flatmap(
        lambda name: _limit(name, numbers, units)
    )
    | _limit("between", st.lists(numbers, min_size=2, max_size=2).map(sorted), units)
    | _limit("equals", scalars, units | st.just("text"))
    | _limit("one_of", st.lists(scalars, min_size=1, max_size=4), units | st.just("text"))
    | _limit("matches", st.sampled_from(["^a+$", "a.c", r"\d{3}", "[#'\"]: x", "sm_[0-9]+"]), st.just("text"))
)
gates = st.fixed_dictionaries({
    "id": st.from_regex(r"GATE-[A-Z0-9]{1,6}(-[A-Z0-9]{1,4}){0,2}", fullmatch=True),
    "rule": st.just("It holds."),
    "ship_blocking": st.booleans(),
    "probe": st.builds("{}.{}".format, words, words),
    "expect": st.dictionaries(words, limits, min_size=1, max_size=3),
    "requires": st.sampled_from([{}, {"device": "cuda"}, {"device": None}]),
    "falsified_by": st.lists(slugs, max_size=3),
})  # fmt: skip


def contract(gate: dict[str, Any], **about: Any) -> dict[str, Any]:
    return {
        "contract_id": "some-rule",
        "version": "1.0.0",
        "stage": "train",
        "summary": "S.",
        "gates": [gate],
    } | about


def read(values: dict[str, Any], chance: Random | None = None) -> Gate:
    """The gate of a contract, by way of its text."""
    text = yaml_text(values, chance, whole_as_decimal=chance is not None)
    file, faults = contract_of(document_of(text.encode(), NAME), file_name=NAME)
    assert not faults, f"{text}\n{faults}"
    assert file is not None
    return file.contract.gates[0]


def digest(gate: dict[str, Any], chance: Random | None = None) -> str:
    return gate_digest(read(contract(gate), chance), probe_code=CODE)


@settings(deadline=None, max_examples=150)
@given(gate=gates, chance=st.randoms(use_true_random=False))
def test_every_way_to_write_a_gate_has_one_digest(gate: dict[str, Any], chance: Random) -> None:
    """Flow and block, quotes, order of keys, comments, blank lines, line ends, 2.2 and 2.20e0, 2 and 2.0."""
    assert digest(gate, chance) == digest(gate)


def another_id(gate: dict[str, Any]) -> None:
    gate["id"] += "X"


def another_probe(gate: dict[str, Any]) -> None:
    gate["probe"] += "x"


def one_quantity_more(gate: dict[str, Any]) -> None:
    gate["expect"]["quantity_that_was_not_there"] = {"at_most": 1, "unit": "nats"}


def one_quantity_less(gate: dict[str, Any]) -> None:
    assume(len(gate["expect"]) > 1)
    gate["expect"].pop(next(iter(gate["expect"])))


def a_quantity_of_another_name(gate: dict[str, Any]) -> None:
    gate["expect"]["quantity_that_was_not_there"] = gate["expect"].pop(next(iter(gate["expect"])))


def another_device(gate: dict[str, Any]) -> None:
    gate["requires"] = {} if gate["requires"].get("device") else {"device": "cuda"}


def one_fault_more(gate: dict[str, Any]) -> None:
    gate["falsified_by"] += ["fault-that-was-not-there"]


def no_fault(gate: dict[str, Any]) -> None:
    assume(gate["falsified_by"])
    gate["falsified_by"] = []


def a_fault_of_another_name(gate: dict[str, Any]) -> None:
    assume(gate["falsified_by"])
    gate["falsified_by"][0] += "-too"


def _a_limit(gate: dict[str, Any]) -> tuple[dict[str, Any], str]:
    limit = next(iter(gate["expect"].values()))
    return limit, next(name for name in limit if name != "unit")


def another_unit(gate: dict[str, Any]) -> None:
    limit, operator = _a_limit(gate)
    assume(operator != "matches")
    limit["unit"] = "nats/token" if limit["unit"] != "nats/token" else "nats"


def another_operator(gate: dict[str, Any]) -> None:
    limit, operator = _a_limit(gate)
    assume(operator in {"at_most", "at_least", "below", "above"})
    turned = {"at_most": "below", "below": "at_most", "at_least": "above", "above": "equals"}
    limit[turned[operator]] = limit.pop(operator)


def _step(number: float) -> float:
    """The next number up that can be told from this one."""
    return number + 1 if isinstance(number, int) else math.nextafter(number, math.inf)


def the_limit_by_one_step(gate: dict[str, Any]) -> None:
    limit, operator = _a_limit(gate)
    value = limit[operator]
    if operator == "between":
        value = [value[0], _step(value[1])]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = _step(value)
    else:
        assume(False)
    numbers_in = value if isinstance(value, list) else [value]
    assume(all(abs(n) < 10**18 if isinstance(n, int) else math.isfinite(n) for n in numbers_in))
    limit[operator] = value


def a_number_as_a_text(gate: dict[str, Any]) -> None:
    limit, operator = _a_limit(gate)
    assume(operator == "equals" and not isinstance(limit[operator], str))
    limit["equals"] = str(limit["equals"])


def one_choice_more(gate: dict[str, Any]) -> None:
    limit, operator = _a_limit(gate)
    assume(operator == "one_of")
    limit["one_of"] = [*limit["one_of"], "choice that was not there"]


CHANGES = (
    another_id, another_probe, one_quantity_more, one_quantity_less, a_quantity_of_another_name, another_device,
    one_fault_more, no_fault, a_fault_of_another_name, another_unit, another_operator, the_limit_by_one_step,
    a_number_as_a_text, one_choice_more,
)  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(gate=gates, chance=st.randoms(use_true_random=False), change=st.sampled_from(CHANGES))
def test_every_change_of_meaning_has_another_digest(
    gate: dict[str, Any], chance: Random, change: Callable[[dict[str, Any]], None]
) -> None:
    changed = copy.deepcopy(gate)
    change(changed)

    assert digest(changed, chance) != digest(gate)


@settings(deadline=None, max_examples=20)
@given(gate=gates)
def test_other_code_of_the_probe_is_another_digest(gate: dict[str, Any]) -> None:
    record = read(contract(gate))

    assert gate_digest(record, probe_code="c0de") != gate_digest(record, probe_code="c0df")


PROSE: dict[str, dict[str, Any]] = {
    "rule": {"rule": "In other words."},
    "criteria": {"binds_to": ["AC-X-001"]},
    "source": {"source": "other.yaml:3-9"},
    "blocking": {"ship_blocking": "turned"},
    "faults the other way round": {"falsified_by": "turned"},
    "a fault named twice": {"falsified_by": "doubled"},
}


@pytest.mark.parametrize("case", PROSE, ids=lambda case: case.replace(" ", "-"))
@settings(deadline=None, max_examples=20)
@given(gate=gates, chance=st.randoms(use_true_random=False))
def test_prose_keeps_the_digest(case: str, gate: dict[str, Any], chance: Random) -> None:
    changed = gate | PROSE[case]
    if case == "blocking":
        changed["ship_blocking"] = not gate["ship_blocking"]
    elif "fault" in case:
        faults = gate["falsified_by"]
        changed["falsified_by"] = faults[::-1] if "round" in case else [*faults, *faults]

    assert digest(changed, chance) == digest(gate)


@settings(deadline=None, max_examples=20)
@given(gate=gates, chance=st.randoms(use_true_random=False))
def test_what_a_contract_says_of_itself_keeps_the_digest(gate: dict[str, Any], chance: Random) -> None:
    references = [{"id": "arXiv:2203.15556", "supports": [gate["id"]]}]
    about = contract(gate, version="1.4.2", stage="export", summary="Other words.", references=references)

    assert gate_digest(read(about, chance), probe_code=CODE) == digest(gate)


VALUES = (
    0, 0.0, -0.0, 1, 1.0, True, False, "1", "1.0", "True", "int:1", "decimal:0.5", "text:int:1", 0.5, "0.5", "",
    2**53, 2.0**53, 2**53 + 1, f"int:{2**53}", 10**17, 1e17, 5e-324, -5e-324,
)  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Whether two values are judged alike, said once more and in other words than the product does."""
    kinds = [bool if isinstance(v, bool) else str if isinstance(v, str) else float for v in (one, other)]
    return kinds[0] is kinds[1] and one == other


@pytest.mark.parametrize("one", VALUES, ids=repr)
def test_limits_agree_exactly_when_they_judge_alike(one: Any) -> None:
    def of(limit: dict[str, Any]) -> str:
        gate = {
            "id": "GATE-A",
            "rule": "r",
            "ship_blocking": True,
            "probe": "a.b",
            "expect": {"q": limit | {"unit": "text"}},
        }
        return gate_digest(Gate.model_validate(gate), probe_code=CODE)

    for other in VALUES:
        assert (of({"equals": one}) == of({"equals": other})) == same(one, other)
        assert of({"one_of": (one, other)}) == of({"one_of": (other, one, other)})
        assert (of({"one_of": (one,)}) == of({"one_of": (one, other)})) == same(one, other)


def test_an_interval_has_an_order() -> None:
    expect = {"q": {"between": [1, 2.0], "unit": "nats"}}
    gate = {"id": "GATE-A", "rule": "r", "ship_blocking": True, "probe": "a.b", "expect": expect}

    assert digest(gate) == digest(gate | {"expect": {"q": {"between": [1.0, 2], "unit": "nats"}}})
    assert digest(gate) != digest(gate | {"expect": {"q": {"between": [1, 1], "unit": "nats"}}})
    assert digest(gate) != digest(gate | {"expect": {"q": {"one_of": [1, 2], "unit": "nats"}}})


@settings(deadline=None, max_examples=60)
@given(
    gate=gates, limit=limits, device=st.sampled_from([None, "cuda"]), chance=st.randoms(use_true_random=False)
)
def test_a_profile_counts_by_what_is_in_force(
    gate: dict[str, Any], limit: dict[str, Any], device: str | None, chance: Random
) -> None:
    """A gate under an override has the digest of a gate whose contract says the same itself."""
    quantity, *dropped = gate["expect"]
    override = {
        "reason": "At this scale.", "expect": {quantity: limit}, "drop": dropped, "requires": {"device": device},
    }  # fmt: skip
    profile = {"profile": "tiny", "kind": "rehearsal", "summary": "S.", "overrides": {gate["id"]: override}}
    text = yaml_text(profile, chance, whole_as_decimal=True)
    built = build(document_of(text.encode(), "tiny.yaml"), Profile)
    in_force = effective(read(contract(gate), chance), built.overrides[gate["id"]])
    said_itself = gate | {"expect": {quantity: limit}, "requires": {"device": device}}

    assert gate_digest(in_force, probe_code=CODE) == digest(said_itself)


@settings(deadline=None, max_examples=30)
@given(gate=gates, chance=st.randoms(use_true_random=False))
def test_an_override_that_repeats_the_contract_keeps_the_digest(gate: dict[str, Any], chance: Random) -> None:
    override = {"reason": "For clarity.", "expect": gate["expect"], "requires": gate["requires"]}
    profile = {"profile": "tiny", "kind": "rehearsal", "summary": "S.", "overrides": {gate["id"]: override}}
    built = build(document_of(yaml_text(profile, chance).encode(), "tiny.yaml"), Profile)

    assert gate_digest(
        effective(read(contract(gate)), built.overrides[gate["id"]]), probe_code=CODE
    ) == digest(gate)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (2**53, f"int:{2**53}"),
        (0.5, "decimal:0.5"),
        ("int:1", "text:int:1"),
        (True, 1),
        (1, "1"),
        (None, "null"),
    ],
    ids=repr,
)
def test_no_two_values_share_a_canonical_form(one: Any, other: Any) -> None:
    assert digest_of(one) != digest_of(other)
    assert digest_of([one]) != digest_of(one)


def test_both_zeros_are_one() -> None:
    assert digest_of(-0.0) == digest_of(0.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, {1: "a"}, {None: 1}, b"bytes"], ids=repr)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        canonical(value)
