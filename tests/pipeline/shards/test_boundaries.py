"""Ends of documents inside windows: what the reader says, and what training makes of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from specship.pipeline.shards.boundaries import documents_of, learned_of
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training.causal_model import build_model, token_losses
from specship.pipeline.training.run_reading import read_run
from specship.pipeline.training.training import pretrain
from specship.probes.registry import all_probes
from tests.editing import lines
from tests.models.trained_chain import measure, value
from tests.models.training_data import MODEL, make_shards, make_tokenizer, recipe

SEPARATOR = 0
WINDOW = np.array([[5, 6, SEPARATOR, 7, SEPARATOR, SEPARATOR, 8]])


def test_a_separator_belongs_to_the_document_that_it_ends() -> None:
    assert documents_of(WINDOW, SEPARATOR).tolist() == [[0, 0, 0, 1, 1, 2, 3]]
    assert learned_of(WINDOW, SEPARATOR).tolist() == [[True, True, False, True, False, False]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards", tokenizer=folder / "tokenizer")
    return folder


def config(data: Path) -> dict[str, Any]:
    from specship.pipeline.training.architecture import config_fields
    from specship.pipeline.training.settings import ModelSettings

    return config_fields(ModelSettings(**MODEL), vocabulary=reader(data).vocab_size, separator_id=SEPARATOR)


def reader(data: Path) -> TokenReader:
    return TokenReader(data / "shards", "train", length=16, seed=1, at_end="cycle", tokenizer=None)


def test_a_document_apart_has_the_losses_that_it_has_alone(data: Path) -> None:
    """Ours and transformers' agree, and neither sees anything of the documents before."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(3)
    fields = config(data)
    own = build_model(fields, torch.device("cpu")).eval()
    with torch.no_grad():  # far from the beginning, where what is seen hardly matters
        for parameter in own.parameters():
            parameter.mul_(4.0)
    kept = {
        key: one for key, one in fields.items() if key not in {"architectures", "model_type", "torch_dtype"}
    }
    build: Any = AutoModelForCausalLM.from_config
    theirs: Any = build(AutoConfig.for_model(fields["model_type"], **kept), attn_implementation="sdpa")
    theirs.load_state_dict(own.state_dict(), strict=False)
    tokens = torch.from_numpy(reader(data).window(0))[None, :13]
    tokens[0, 5] = tokens[0, 9] = SEPARATOR
    documents = torch.from_numpy(documents_of(tokens.numpy(), SEPARATOR))
    with torch.no_grad():
        joined = token_losses(own, tokens)
        apart = token_losses(own, tokens, documents_BT=documents)
        alone = torch.cat([token_losses(own, tokens[:, a:b]) for a, b in ((0, 7), (6, 11), (10, 13))], dim=1)
        other = token_losses(theirs.eval(), tokens, documents_BT=documents)
    torch.testing.assert_close(apart, alone)
    torch.testing.assert_close(apart, other, atol=1e-4, rtol=1e-4)
    assert (apart[0, 6:] - joined[0, 6:]).abs().max() > 1e-3


def test_unlearned_targets_move_no_weight(data: Path) -> None:
    model = build_model(config(data), torch.device("cpu"))
    tokens = torch.from_numpy(reader(data).next_batch(2))
    learned = torch.rand(2, 16) < 0.5
    loss: Any = model(tokens, learned_BT=learned)
    loss.backward()
    masked = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    model.zero_grad()
    logits = model.logits(tokens[:, :-1])
    reference: Any = torch.nn.functional.cross_entropy(logits[learned], tokens[:, 1:][learned])
    reference.backward()
    plain = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    for one, other in zip(masked, plain, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def chain(data: Path, run: Path, **training: Any) -> Path:
    pretrain(recipe(steps=6, **training), data / "tokenizer", data / "shards", run / "run")
    (run / "shards").symlink_to(data / "shards")
    return run


APART = {"document_boundaries": "respected", "train_after_separator": False}


@pytest.mark.parametrize("training", [{}, APART, {"train_after_separator": False}], ids=str)
def test_the_run_says_what_was_used_and_the_probes_agree(
    data: Path, tmp_path: Path, training: dict[str, Any]
) -> None:
    run = chain(data, tmp_path, **training)
    settings = read_run(run / "run").config.training
    assert settings.document_boundaries == training.get("document_boundaries", "ignored")
    assert ("targets" in lines(run / "run/train.jsonl")[0]) == bool(training)
    found = measure("run.document_boundaries", run)
    assert value(found, "separators") > 0
    assert value(found, "miscounted_documents") == value(found, "miscounted_targets") == 0
    assert value(found, "documents_begun") > 0 or "document_boundaries" not in training
    assert value(measure("run.first_loss", run), "recomputed_difference") < 1e-4


def test_a_reader_that_forgets_the_documents_is_seen(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenReader, "documents", lambda _, tokens: np.zeros_like(tokens, dtype=np.int32))
    monkeypatch.setattr(TokenReader, "learned", lambda _, tokens: tokens[..., :-1] >= 0)
    found = measure("run.document_boundaries", chain(data, tmp_path, **APART))
    assert value(found, "miscounted_documents") > 3
    assert value(found, "miscounted_targets") > 3
    assert "run.document_boundaries" in all_probes()
    assert json.loads((tmp_path / "run/run.json").read_text())["config"]["training"]["document_boundaries"]
