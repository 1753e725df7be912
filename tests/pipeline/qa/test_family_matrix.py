"""What is judged of each family without a decoder of ours: the table of the page, done again on tiny models."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from specship.digests import sha256_bytes
from specship.pipeline.chat.rendering import render
from specship.pipeline.corpus.manifest import CorpusDocument
from specship.pipeline.evaluation.bits_per_byte import score_texts
from specship.pipeline.evaluation.humaneval.generation import GenerationTask, Generator
from specship.pipeline.evaluation.humaneval.problems import read_problems
from specship.pipeline.evaluation.python_prompts import choose_prompts
from specship.pipeline.evaluation.python_validity import complete_and_parse
from specship.pipeline.qa.registry import all_gates
from specship.pipeline.qa.runner import ask
from specship.pipeline.qa.subject import Subject
from tests.models.chat_checkpoints import CHATML
from tests.models.learned_by_heart import problem_records
from tests.models.other_families import CONFIGS, other
from tests.models.trained_checkpoint import copied

PAGE: Final = Path(__file__).parents[3] / "docs" / "models-of-others.md"
PASSED: Final = ("structure", "inventory", "statistics", "tokenizer")
"""Gates that a model of random weights passes."""
TEXT: Final = "def main(arguments):\n    return [one for one in arguments]\n\n\nclass Node:\n    pass\n" * 2


def told() -> dict[str, dict[str, str]]:
    """The table of the page, by family and column."""
    lines = PAGE.read_text().split("## What is judged of which family", 1)[1].splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines if line.startswith("|")]
    head, _, *families = rows
    return {row[0].strip("`"): dict(zip(head[1:], row[1:], strict=True)) for row in families}


def test_the_page_names_every_family_that_is_tried() -> None:
    assert told().keys() == CONFIGS.keys()


def judged(plain: Path, folder: Path, problems: Path) -> dict[str, str]:
    """What the verbs do with a model and its copy with a chat template; what is no `yes` says what was seen."""
    subject = Subject(path=folder)
    answers = {gate.name: ask(gate, subject) for gate in all_gates() if gate.name in (*PASSED, "golden")}
    found = {
        name: "yes" if answers[name].verdict.value == "PASS" else answers[name].detail for name in PASSED
    }
    found["golden text"] = "yes" if answers["golden"].executed else answers["golden"].detail
    digest = sha256_bytes(TEXT.encode())
    document = CorpusDocument(path="main.py", sha256=digest, bytes=len(TEXT), licence="PSF-2.0", text=TEXT)
    bits = score_texts(subject.decoder, subject.tokenizer, [document])
    found["bits per byte"] = "yes" if 1 < bits.as_json()["bits_per_byte"] < 30 else str(bits)
    prompts = choose_prompts([document], subject.tokenizer, count=1, context_tokens=32)
    syntax = complete_and_parse(subject.decoder, subject.tokenizer, prompts, tokens=8)
    found["syntax"] = "yes" if len(syntax.results) == 1 else str(syntax)
    chat = render(folder, [{"role": "user", "content": "hello"}])
    ids = subject.tokenizer.encode(chat, add_special_tokens=False).ids
    written = subject.decoder.generate(ids, 4)
    found["chat"] = "yes" if "<|im_start|>user" in chat and len(written.token_ids) == 4 else chat
    vars(subject)["process"].close()
    generator = Generator(plain, read_problems(problems), GenerationTask(max_tokens=4))
    (sample,) = generator.write(generator.keys()[:1])
    heading = generator.heading()
    says = heading["engine"].startswith("transformers ") and 1 <= sample.tokens <= 4
    found["HumanEval"] = "yes" if says else json.dumps(heading)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_what_the_page_says_of_a_family(family: str, tmp_path: Path) -> None:
    folder = copied(tmp_path / "model", other(family))
    (folder / "chat_template.jinja").write_text(CHATML)
    problems = tmp_path / "problems.jsonl"
    problems.write_text("".join(json.dumps(record) + "\n" for record in problem_records()[:1]))
    row: dict[str, Any] = told()[family]
    found = judged(other(family), folder, problems)

    assert found == {column: said for column, said in row.items() if column in found}
    assert re.fullmatch(r"yes|by the converter|no: .+", row["llama.cpp"])
