"""What the process of `transformers` does: it describes, loads and reads models of its own classes.

    python -I -m specship.pipeline.model.transformers_child   (frames on standard input and output)

Weights are computed in float32, whatever they are stored as. No code that lies in a folder is run, nothing is
fetched, and no pickle is opened. Axes: T tokens, V vocabulary.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from specship.pipeline.resident_child import serve

_OFFLINE: Final = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_ADAPTER: Final = "adapter_config.json"
_OPENED: Final = {"local_files_only": True, "trust_remote_code": False}


class _Models:
    """The model that is loaded, and what it read last."""

    def __init__(self) -> None:
        self._model: Any = None
        self._cache: Any = None
        self._ids: list[int] = []

    def describe(self, folder: str, names: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
        """What the class of a configuration has: sizes, ids, and the names and shapes that it is saved under.

        `names` says for each size what families call it.

        The model is built without memory for it.
        """
        import torch
        import transformers

        config: Any = transformers.AutoConfig.from_pretrained(folder, **_OPENED)
        build: Any = transformers.AutoModelForCausalLM.from_config
        with torch.device("meta"):
            model = build(config, trust_remote_code=False)
        text = config.get_text_config(decoder=True)
        tied: dict[str, str] = dict(model.all_tied_weights_keys)
        table = {name: list(tensor.shape) for name, tensor in _as_saved(model).items()}
        return {
            "version": transformers.__version__,
            "architecture": type(model).__name__,
            "encodes": bool(getattr(config, "is_encoder_decoder", False)),
            "sizes": {name: _first_count(text, called) for name, called in names.items()},
            "vocabulary": int(model.get_input_embeddings().weight.shape[0]),
            "ids": {
                name: getattr(text, f"{name}_token_id", None) or getattr(config, f"{name}_token_id", None)
                for name in ("bos", "eos", "pad")
            },
            "table": {name: shape for name, shape in table.items() if name not in tied},
            "tied": {name: of for name, of in tied.items() if of in table},
            "redundant": list(getattr(model, "_keys_to_ignore_on_load_unexpected", None) or ()),
            "body": f"{model.base_model_prefix}." if model.base_model_prefix else "",
        }

    def load(self, folder: str, device: str, threads: int) -> Mapping[str, Any]:
        """Open a folder for good, in place of the one before."""
        import torch
        from transformers import AutoModelForCausalLM

        if (Path(folder) / _ADAPTER).exists():
            raise ValueError(f"{_ADAPTER} lies in it, and the adapter's base would be opened in its place")
        if threads:
            torch.set_num_threads(threads)
        self._model = None
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, attn_implementation="eager", **_OPENED
        )
        self._model = model.to(device).eval()
        return {}

    def logits(self, ids: Sequence[int]) -> bytes:
        """float32 logits_TV of a whole sequence; what it leaves behind is what `step` goes on from."""
        import torch

        self._ids = list(ids)
        with torch.inference_mode():
            out = self._model(input_ids=torch.tensor([self._ids], device=self._model.device), use_cache=True)
        self._cache = getattr(out, "past_key_values", None)
        return _bytes(out.logits[0])

    def step(self, token: int) -> bytes:
        """float32 logits_V after one more token; a family without a cache reads all of it again."""
        import torch

        self._ids.append(token)
        given = self._ids if self._cache is None else [token]
        with torch.inference_mode():
            out = self._model(
                input_ids=torch.tensor([given], device=self._model.device),
                past_key_values=self._cache,
                use_cache=self._cache is not None,
            )
        return _bytes(out.logits[0, -1])

    def losses(self, sequences: Sequence[Sequence[int]], changes: Sequence[Mapping[str, Any]]) -> bytes:
        """float32 losses_T in nats of all tokens but each first one, with some matrices changed meanwhile."""
        import torch

        with torch.inference_mode(), _changed(self._model, changes):
            found = []
            for ids in sequences:
                ids_T = torch.tensor(list(ids), device=self._model.device)
                logits_TV = self._model(input_ids=ids_T[None, :-1], use_cache=False).logits[0].float()
                found.append(torch.nn.functional.cross_entropy(logits_TV, ids_T[1:], reduction="none"))
        return _bytes(torch.cat(found))

    def disturb(self, relative: float) -> Mapping[str, Any]:
        """Noise of a relative size on every matrix, the same on every run; the model stays so."""
        import torch

        with torch.no_grad():
            for number, (_, one) in enumerate(sorted(self._model.named_parameters())):
                if one.dim() > 1:
                    dice = torch.Generator().manual_seed(number)
                    noise = torch.randn(one.shape, generator=dice).to(one.device)
                    one.add_(noise * (relative * one.square().mean().sqrt()))
        return {}

    def parameters(self) -> Mapping[str, Any]:
        """Names and shapes of all parameters, as the model itself has them."""
        named = self._model.named_parameters()
        return {"parameters": {name: list(one.shape) for name, one in named}}


def _as_saved(model: Any) -> Mapping[str, Any]:
    """The state of a model under the names of a saved one: experts that lie together are saved apart."""
    state: Mapping[str, Any] = model.state_dict()
    try:
        from transformers.core_model_loading import revert_weight_conversion
    except ImportError:  # before version 5 nothing was renamed while it was loaded
        return state
    reverted: Mapping[str, Any] = revert_weight_conversion(model, dict(state))
    return reverted


def _first_count(config: Any, names: Sequence[str]) -> int | None:
    values = (getattr(config, name, None) for name in names)
    return next((value for value in values if type(value) is int and value > 0), None)


@contextmanager
def _changed(model: Any, changes: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Some matrices in another order; as they were, whatever happens meanwhile."""
    parameters = dict(model.named_parameters())
    names = {name for one in changes for name in (one["name"], one.get("of", one["name"]))}
    kept = {name: parameters[name].data.clone() for name in names}
    try:
        for one in changes:
            data = parameters[one["name"]].data
            data.copy_(_ORDERS[one["order"]](kept[one.get("of", one["name"])], one.get("heads", 1)))
        yield
    finally:
        for name, data in kept.items():
            parameters[name].data.copy_(data)


def _turned(weight: Any, _: int) -> Any:
    """The bytes of the transpose under the shape of the matrix."""
    rows, columns = weight.shape[-2:]
    return weight.reshape(*weight.shape[:-2], columns, rows).transpose(-1, -2).reshape(weight.shape)


def _interleaved(weight_NC: Any, heads: int) -> Any:
    from specship.pipeline.model.rotary_order import interleave_rows

    return interleave_rows(weight_NC, heads)


def _separated(weight_NC: Any, heads: int) -> Any:
    from specship.pipeline.model.rotary_order import separate_rows

    return separate_rows(weight_NC, heads)


_ORDERS: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    "turned": _turned,
    "interleaved": _interleaved,
    "separated": _separated,
    "kept": lambda weight, _: weight,
}


def _bytes(values: Any) -> bytes:
    data: bytes = values.float().cpu().contiguous().numpy().tobytes()
    return data


if __name__ == "__main__":
    os.environ |= _OFFLINE
    serve(_Models())
