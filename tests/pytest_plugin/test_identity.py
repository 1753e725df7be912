"""What is compared of a function: what it does, and nothing that hangs on how it came into memory."""

from types import CodeType

from specship.pytest_plugin.identity import _meaning


def code(members: frozenset[object]) -> CodeType:
    """A function's code that asks whether something is one of some members."""
    found = compile("def asked(x):\n    return x in {0, 8}\n", "x.py", "exec").co_consts[0]
    assert isinstance(found, CodeType)
    return found.replace(
        co_consts=tuple(members if one == frozenset({0, 8}) else one for one in found.co_consts)
    )


def test_a_set_that_was_filled_in_another_order_is_the_same_set() -> None:
    one, other = frozenset([0, 8]), frozenset([8, 0])
    assert repr(one) != repr(other)

    assert _meaning(code(one)) == _meaning(code(other))
    assert _meaning(code(one)) != _meaning(code(frozenset([0, 8, 16])))
    assert _meaning(code(one)) != _meaning(code(frozenset(["0", "8"])))
