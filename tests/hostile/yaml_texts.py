"""YAML that was written to hurt its reader, in plain words: the text, and part of what it is told.

Each is tried as a contract.
"""

from collections.abc import Callable

MIB = 1 << 20


def nested(opening: str, closing: str, times: int) -> str:
    return f"a: {opening * times}{closing * times}\n"


def bomb() -> str:
    """Nine lists of nine, each of the one before: 306 bytes that stand for 387 million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines)


def merges() -> str:
    """Merge keys of merge keys."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9)]
    return "\n".join(lines)


BAD: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "a bomb of aliases": (bomb, "SHIP105"),
    "a bomb of merge keys": (merges, "SHIP105"),
    "merge keys without aliases": (
        lambda: "".join(f"k{n}: {{<<: {{a: 1}}}}\n" for n in range(2000)),
        "SHIP109",
    ),
    "a list that holds itself": (lambda: "a: &a [*a]\n", "SHIP105"),
    "a mapping that is its own key": (lambda: "&a {*a : 1}\n", "SHIP105"),
    "an alias of nothing": (lambda: "a: *nobody\n", "SHIP105"),
    "many anchors": (lambda: "".join(f"k{n}: &k{n} v\n" for n in range(5000)), "SHIP105"),
    "brackets, thirty-three deep": (lambda: nested("[", "]", 33), "nested deeper than 32"),
    "brackets, two thousand deep": (lambda: nested("[", "]", 2000), "nested deeper than 32"),
    "brackets, half a million deep": (lambda: nested("[", "]", MIB // 2 - 8), "nested deeper than 32"),
    "braces, two thousand deep": (lambda: nested("{a: ", "}", 2000), "nested deeper than 32"),
    "open brackets only": (lambda: "a: " + "[" * (MIB - 8), "nested deeper than 32"),
    "dashes, a thousand deep": (lambda: "- " * 1000 + "x\n", "nested deeper than 32"),
    "dashes, half a million deep": (lambda: "- " * (MIB // 2 - 8) + "x\n", "nested deeper than 32"),
    "indented mappings, a thousand deep": (
        lambda: "".join(f"{' ' * n}k:\n" for n in range(1000)),
        "nested deeper than 32",
    ),
    "complex keys, a thousand deep": (lambda: "? " * 1000 + "x\n", "nested deeper than 32"),
    "twenty thousand values": (lambda: f"a: [{'1,' * 20_000}]\n", "more than 20000 values"),
    "half a million values": (lambda: f"a: [{'1,' * (MIB // 2 - 8)}]\n", "more than 20000 values"),
    "a hundred thousand keys of nothing": (lambda: "".join(f"k{n}:\n" for n in range(100_000)), "SHIP102"),
    "one key ten thousand times": (lambda: "k: 1\n" * 9_000, "SHIP108"),
    "five thousand keys twice": (lambda: "".join(f"k{n}: 1\n" for n in range(4_900)) * 2, "SHIP108"),
    "five thousand unknown keys": (
        lambda: "".join(f"key{n}: 1\n" for n in range(5_000)),
        "more defects are not shown",
    ),
    "a text of a megabyte": (lambda: "a: " + "x" * (MIB - 8), "SHIP102"),
    "a text of ten megabytes": (lambda: "a: " + "x" * (10 * MIB), "larger than 1048576 bytes"),
    "a key of a megabyte": (lambda: "x" * (MIB - 8) + ": 1\n", "SHIP104"),
    "a folded text of a megabyte": (lambda: "a: >\n" + "  x\n" * (MIB // 4 - 8), "SHIP102"),
    "a quoted text of escapes": (lambda: 'a: "' + "\\u0041" * 150_000 + '"\n', "SHIP102"),
    "a comment of two megabytes": (lambda: "#" + "x" * (2 * MIB), "larger than 1048576 bytes"),
    "a number of a megabyte": (lambda: "a: " + "9" * (MIB - 8), "SHIP102"),
    "a long number in base sixty": (lambda: "a: 1" + ":59" * 20_000, "SHIP110"),
    "a long date": (lambda: "a: 2026-11-22 " + "1" * 60_000, "SHIP110"),
    "underscores that might be a number": (lambda: "a: 1" + "_" * 60_000 + "x\n", "SHIP"),
    "a number that overflows": (lambda: "a: 1.0e999999999\n", "SHIP102"),
    "a hundred documents": (lambda: "---\na: 1\n" * 100, "SHIP107"),
    "a document of another version": (lambda: "%YAML 3.0\n---\na: 1\n", "SHIP104"),
    "tags with handles": (lambda: "%TAG !e! tag:example.com,2000:\n---\na: !e!x 1\n", "SHIP106"),
    "a tag that makes an object": (lambda: "a: !!python/object/apply:os.system [id]\n", "SHIP106"),
    "a tag without a name": (lambda: "a: ! x\n", "SHIP106"),
    "invalid UTF-8": (lambda: b"a: \xff\xfe\n", "SHIP103"),
    "a surrogate in UTF-8": (lambda: b"a: \xed\xa0\x80\n", "SHIP103"),
    "UTF-16": (lambda: "a: 1\n".encode("utf-16"), "SHIP103"),
    "UTF-32": (lambda: "a: 1\n".encode("utf-32"), "SHIP103"),
    "a NUL byte": (lambda: b"a: \0\n", "SHIP103"),
    "a bell": (lambda: b"a: \7\n", "SHIP111"),
    "an escape sequence": (lambda: 'a: "\\e]0;title\\a"\n', "SHIP111"),
    "a text that runs backwards": (lambda: "a: x\u202egnp.exe\n", "SHIP111"),
    "a next-line character": (lambda: "a: x\x85b: 2\n", "SHIP"),
    "a byte-order mark in the middle": (lambda: "a: 1\n\ufeffb: 2\n", "SHIP"),
    "nothing": (lambda: "", "SHIP113"),
    "blanks": (lambda: " \n" * 1000, "SHIP113"),
}
