"""The stop rule and the strict parse, case by case."""

import ast
from typing import Any

import pytest

from specship.errors import UnusableInput
from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.evaluation.python_prompts import choose_prompts
from specship.pipeline.evaluation.python_syntax import cut_body, parse_function
from tests.models.inference_chain import checkpoint, corpus

METHOD = "    def f(self):"
BODIES = {
    "stops at the next header": (
        "def f():",
        "\n    return 1\n\ndef g():\n    x",
        False,
        "\n    return 1\n\n",
    ),
    "stops at the method's level": (METHOD, "\n        return 1\n    x = 2\n", False, "\n        return 1\n"),
    "keeps blank lines inside": ("def f():", "\n    a\n\n    b\n", False, "\n    a\n\n    b\n"),
    "drops half a line at the limit": ("def f():", "\n    a\n    b = (", True, "\n    a\n"),
    "nothing but half a line": ("def f():", " words words", True, ""),
    "a tab is indentation": ("\tdef f():", "\n\t\treturn\n\tx\n", False, "\n\t\treturn\n"),
}


@pytest.mark.parametrize(("header", "text", "limit", "body"), BODIES.values(), ids=BODIES)
def test_the_stop_rule(header: Any, text: str, limit: Any, body: Any) -> None:
    assert cut_body(text, header, at_token_limit=limit) == body


VERDICTS = {
    "a sound body": ("def f():", "\n    return 1\n", True),
    "a sound method": (METHOD, '\n        """Text\nat the margin."""\n        return 1\n', True),
    "an odd escape is only a warning": ("def f():", "\n    return '\\d'\n", True),
    "an empty body": ("def f():", "", False),
    "a comment is no body": ("def f():", "\n    # nothing\n", False),
    "words behind the colon": ("def f():", " words\n", False),
    "an open bracket": ("def f():", "\n    x = (1,\n", False),
    "a block without lines": ("def f():", "\n    if x:\n", False),
    "a NUL": ("def f():", "\n    x\0\n", False),
    "brackets without end": ("def f():", "\n    x = " + "(" * 5000 + "\n", False),
    "crooked indentation": ("def f():", "\n        a\n    b\n", False),
}


@pytest.mark.parametrize(("header", "body", "valid"), VERDICTS.values(), ids=VERDICTS)
def test_the_strict_parse(header: Any, body: Any, valid: Any) -> None:
    assert parse_function(header, body).valid is valid


def test_a_beginning_that_parses_is_reported_and_is_no_verdict() -> None:
    parsed = parse_function("def f():", "\n    a = 1\n    b = (\n")
    assert (parsed.valid, parsed.longest_prefix_lines) == (False, 2)


def test_prompts_follow_from_the_documents_and_their_own_bodies_parse() -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(checkpoint() / "tokenizer.json"))
    documents = list(read_documents(corpus(), "heldout"))
    prompts = choose_prompts(documents, tokenizer, count=20, context_tokens=64)
    assert prompts == choose_prompts(reversed(documents), tokenizer, count=20, context_tokens=64)
    assert len({(prompt.document_sha256, prompt.end) for prompt in prompts}) == 20
    texts = {document.sha256: document.text for document in documents}
    for prompt in prompts:
        text = texts[prompt.document_sha256]
        assert text[prompt.begin : prompt.end] == prompt.text
        assert prompt.text.endswith(prompt.header)
        assert len(prompt.token_ids) <= 64
        body = cut_body(text[prompt.end :], prompt.header, at_token_limit=False)
        assert parse_function(prompt.header, body).valid, prompt.header + body
    ast.parse(texts[prompts[0].document_sha256])


def test_too_few_headers_are_an_error() -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(checkpoint() / "tokenizer.json"))
    with pytest.raises(UnusableInput, match="10000 are wanted"):
        choose_prompts(read_documents(corpus(), "heldout"), tokenizer, count=10_000, context_tokens=64)
