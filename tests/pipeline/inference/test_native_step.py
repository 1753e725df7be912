"""The step that the C compiler makes has the logits of the eager one."""

from pathlib import Path

import pytest
import torch

from specship.errors import UnusableInput
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.native_step import native_library
from tests.models.foreign_checkpoints import FAMILIES
from tests.models.inference_chain import checkpoint
from tests.models.saved_families import BIASES, YARN, saved

needs_compiler = pytest.mark.skipif(native_library() is None, reason="no C compiler with OpenMP")
pytestmark = pytest.mark.usefixtures("one_thread")
PROMPT = [3, 1, 4, 1, 5, 9, 2, 6]


@needs_compiler
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_equal_those_of_the_eager_step(tmp_path: Path, family: str, dtype: str, threads: int) -> None:
    """Sizes that fill no vector, every bias, a stretched rotation; more threads than key-value heads."""
    folder = saved(tmp_path / family, family, {**BIASES[family], "rope_parameters": YARN}, dtype, "5GB")
    torch.set_num_threads(threads)
    eager, compiled = (Decoder.open(folder, weights="stored", compiled=one) for one in (False, True))
    assert (eager.how, compiled.how, compiled.weight_type) == ("eager", "compiled C", dtype)
    assert compiled.bytes_per_token == eager.bytes_per_token / (2 if dtype == "bfloat16" else 1)
    with torch.inference_mode():
        torch.testing.assert_close(compiled.prompt(PROMPT), eager.prompt(PROMPT))
        for token in range(0, 500, 11):
            torch.testing.assert_close(compiled.step(token), eager.step(token), atol=2e-4, rtol=2e-4)
    assert compiled.generate(PROMPT, 64).token_ids == eager.generate(PROMPT, 64).token_ids


@needs_compiler
def test_weights_are_rounded_where_that_is_asked() -> None:
    exact, rounded = (Decoder.open(checkpoint(), weights=one) for one in ("float32", "bfloat16"))
    compiled = Decoder.open(checkpoint(), weights="bfloat16", compiled=True)
    logits = [decoder.prompt(PROMPT) for decoder in (exact, rounded, compiled)]
    assert not torch.allclose(logits[0], logits[1], atol=1e-4)
    torch.testing.assert_close(logits[1], logits[2])


@needs_compiler
@pytest.mark.parametrize("token", [-1, 512])
def test_no_token_from_outside_the_vocabulary_is_read(token: int) -> None:
    decoder = Decoder.open(checkpoint(), compiled=True)
    decoder.prompt(PROMPT)
    with pytest.raises(UnusableInput, match="leave the vocabulary"):
        decoder.step(token)


@needs_compiler
def test_a_full_context_is_refused() -> None:
    decoder = Decoder.open(checkpoint(), compiled=True, context=9)
    stream = decoder.stream(PROMPT)
    stream.next(), stream.next()
    with pytest.raises(UnusableInput, match="context"):
        stream.next()


NO_LIBRARY = "#!/bin/sh\nwhile [ $1 != -o ]; do shift; done\necho no library >$2\n"


@pytest.mark.parametrize("program", ["", "#!/bin/sh\nexit 1\n", NO_LIBRARY])
def test_without_a_compiler_that_works_it_is_eager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if program:
        (tmp_path / "cc").write_text(program)
        (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    native_library.cache_clear()
    try:
        decoder = Decoder.open(checkpoint(), compiled=True)
    finally:
        native_library.cache_clear()
    assert decoder.how == "eager"
    assert decoder.generate(PROMPT, 8) == Decoder.open(checkpoint()).generate(PROMPT, 8)
