"""The real llama.cpp (xllamacpp), always in a process of its own.

    python -I -m specship.pipeline.inference.llamacpp  < request.json  > answer.json

A malformed file can crash or abort llama.cpp, and its threads slow torch's to a fraction, so no
process ever holds both. The child opens only what our own reader accepted, states the digest of
the bytes it opened, and listens on loopback only while it works. Keys and values are cached as
float32 and flash attention is off, so that figures differ from torch's by rounding alone.
Source: llama.cpp tools/server/README.md, POST /completion, /tokenize and /apply-template.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.parse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_file
from specship.errors import SpecshipError, StageFailed, UnusableInput
from specship.pipeline.child import ChildFailed, answer_parent, ask_child
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.pipeline.tokenizer.vocabulary import NORMAL, token_bytes

_LOG_TAIL: Final = 1500
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaCppRequest:
    """What llama.cpp is asked."""

    gguf: str
    prompts: tuple[tuple[int, ...], ...] = ()
    """Prompts as token ids, each completed greedily by `steps` tokens, end tokens barred."""
    steps: int = 0
    top: int = 5
    """How many of the likeliest tokens to report at each step."""
    texts: tuple[str, ...] = ()
    """Texts to cut into tokens."""
    parse_special: bool = False
    """Whether special tokens that a text spells become those tokens."""
    add_special: bool = False
    """Whether the file's own begin and end tokens are put around each text."""
    conversations: tuple[tuple[dict[str, Any], ...], ...] = ()
    """Messages to render by the file's chat template, up to where the answer begins."""
    threads: int = 1
    positions: int = 0
    """Longest sequence that is read later, where the prompts do not say it."""


@dataclass(frozen=True, slots=True)
class LlamaCppStep:
    """One greedy step: the token, and log-probabilities (nats) of the likeliest tokens by id."""

    token: int
    logprobs: dict[int, float]


@dataclass(frozen=True, slots=True)
class LlamaCppAnswer:
    """What llama.cpp said, and the sha256 of the file it opened."""

    gguf_sha256: str
    completions: tuple[tuple[LlamaCppStep, ...], ...]
    tokenized: tuple[tuple[int, ...], ...]
    rendered: tuple[str, ...] = ()
    """A prompt for each conversation, without the begin token where llama.cpp itself will add it."""
    rendered_ids: tuple[tuple[int, ...], ...] = ()
    """The tokens of each of these prompts, begin token and special tokens included."""


def ask_llama_cpp(request: LlamaCppRequest, *, timeout_seconds: float = 300.0) -> LlamaCppAnswer:
    """Run llama.cpp on a GGUF file in a child process and wait for its answer.

    Raises:
        UnusableInput: our reader refuses the file, which llama.cpp then never saw; or llama.cpp refuses the
            file or a prompt.
        StageFailed: the child crashed, was killed, or did not end in time.
    """
    read_gguf(Path(request.gguf))
    try:
        answered = ask_child(__name__, asdict(request), seconds=timeout_seconds)
    except ChildFailed as failure:
        raise StageFailed(
            f"llama.cpp {failure}",
            at=request.gguf,
            why=_tail(failure.log),
            mend="ask for fewer steps, or give it more threads"
            if failure.timed_out
            else "the log above is llama.cpp's own; export the file again",
        ) from failure
    answer = answered.value
    if "refusal" in answer:
        raise UnusableInput(answer["refusal"], at=request.gguf, why=_tail(answered.log), mend=answer["mend"])
    return LlamaCppAnswer(
        gguf_sha256=answer["gguf_sha256"],
        completions=tuple(tuple(steps) for steps in read_steps(answer["completions"])),
        tokenized=tuple(tuple(ids) for ids in answer["tokenized"]),
        rendered=tuple(answer["rendered"]),
        rendered_ids=tuple(tuple(ids) for ids in answer["rendered_ids"]),
    )


def read_steps(completions: Sequence[Sequence[dict[str, Any]]]) -> list[list[LlamaCppStep]]:
    """Steps as they came over the pipe, where the keys of an object are texts."""
    return [
        [
            LlamaCppStep(step["token"], {int(token): value for token, value in step["logprobs"].items()})
            for step in steps
        ]
        for steps in completions
    ]


def _tail(log: str) -> str:
    lines = log[-_LOG_TAIL:].splitlines()
    errors = [line.strip() for line in lines if "rror" in line or "ssert" in line or "fail" in line]
    return "; ".join(errors[-4:] or [line.strip() for line in lines[-3:]])


class LlamaCppRefused(Exception):
    """What llama.cpp, or this module before it, does not do."""


def _server_parameters(request: LlamaCppRequest, header: GgufFile) -> Any:
    import xllamacpp

    longest = max((len(prompt) for prompt in request.prompts), default=0)
    wanted = max(longest, request.positions) + request.steps + 8
    parameters = xllamacpp.CommonParams()
    parameters.model.path = request.gguf
    parameters.hostnames = [_LOOPBACK]
    parameters.port = 0
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.n_ctx = wanted
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = request.threads
    parameters.cpuparams_batch.n_threads = request.threads
    parameters.cache_type_k = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.fit_params = False
    parameters.cache_prompt = False
    parameters.cache_ram_mib = 0
    parameters.n_ctx_checkpoints = 0
    parameters.warmup = False
    parameters.swa_full = True  # so that layers with a window can go on from what was read before
    parameters.check_tensors = True
    architecture = header.metadata.get("general.architecture")
    trained = header.metadata.get(f"{architecture}.context_length", 0)
    if wanted - 8 > trained:
        raise LlamaCppRefused(f"{wanted - 8} positions are wanted, the file says {trained}")
    return parameters


_STARTED: Final[list[Any]] = []
"""Servers of this process, kept until it ends: one that is let go within milliseconds of its start can wait
for ever for a main loop that has not begun."""


class LlamaCppServer:
    """The child's own llama.cpp server."""

    def __init__(self, request: LlamaCppRequest, header: GgufFile) -> None:
        import xllamacpp

        self._vocabulary = [token_bytes(text) for text in header.metadata.get("tokenizer.ggml.tokens", ())]
        types = header.metadata.get("tokenizer.ggml.token_type", [NORMAL] * len(self._vocabulary))
        letters = (at for at, text in enumerate(self._vocabulary) if text.isalpha() and types[at] == NORMAL)
        self._whole = next(letters, None)
        """A token that ends a character."""
        parameters = _server_parameters(request, header)
        try:
            self._server = xllamacpp.Server(parameters)
            _STARTED.append(self._server)
        except (RuntimeError, ValueError) as error:
            raise LlamaCppRefused(f"llama.cpp refuses the file: {error}") from error
        address = urllib.parse.urlparse(self._server.listening_address)
        if address.hostname != _LOOPBACK:
            raise LlamaCppRefused(f"llama.cpp listens on {address.hostname}, which is not loopback")
        self._port = address.port or 0

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        # One connection a request: the server closes one that is idle for seconds, and reading a long
        # answer can take longer than that.
        connection = http.client.HTTPConnection(_LOOPBACK, self._port)
        with contextlib.closing(connection):
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        if response.status != http.HTTPStatus.OK:
            raise LlamaCppRefused(f"llama.cpp refuses {path}: {str(answer)[:300]}")
        return answer

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """A text in tokens."""
        body = {"content": text, "add_special": add_special, "parse_special": parse_special}
        return list(self._post("/tokenize", body)["tokens"])

    def render(self, messages: Sequence[dict[str, Any]]) -> str:
        """A conversation by the file's chat template."""
        return str(self._post("/apply-template", {"messages": list(messages)})["prompt"])

    def complete(self, prompt: Sequence[int], steps: int, top: int) -> list[dict[str, Any]]:
        """Greedy steps behind a prompt, each with the likeliest tokens before it was chosen."""
        body = {
            "prompt": list(prompt),
            "n_predict": steps,
            "temperature": 0.0,
            "samplers": ["temperature"],
            "ignore_eos": True,
            "n_probs": top,
            "return_tokens": True,
            "cache_prompt": False,
        }
        answer = self._post("/completion", body)
        if answer.get("truncated") or answer["tokens_evaluated"] != len(prompt):
            raise LlamaCppRefused(
                f"llama.cpp read {answer['tokens_evaluated']} of {len(prompt)} prompt tokens"
            )
        tokens = answer["tokens"]
        found = self._aligned(tokens, answer["completion_probabilities"])
        for at, step in enumerate(found):
            if not step["logprobs"]:
                step["logprobs"] = self.law_after([*prompt, *tokens[:at]], top)
        return found

    def law_after(self, prompt: Sequence[int], top: int, *, cached: bool = False) -> dict[int, float]:
        """Log-probabilities after a prompt, whatever token is likeliest; `cached` keeps what was read before.

        llama.cpp keeps them back while a character is unfinished, so it is made to write a whole one;
        what it reports are the probabilities from before that.
        """
        if self._whole is None:
            return {}
        reports = self._forced(prompt, self._whole, top, cached=cached)
        entries = [entry for report in reports[:1] for entry in report["top_logprobs"]]
        return {entry["id"]: entry["logprob"] for entry in entries}

    def logprob(self, prompt: Sequence[int], token: int) -> float | None:
        """How likely (nats) a token is after a prompt; None where its character ends later."""
        reports = self._forced(prompt, token, 1, cached=True)
        return next((float(one["logprob"]) for one in reports[:1] if one["id"] == token), None)

    def _forced(
        self, prompt: Sequence[int], token: int, top: int, *, cached: bool
    ) -> Sequence[dict[str, Any]]:
        """What is reported when llama.cpp is made to write a token: the probabilities from before that."""
        body = {
            "prompt": list(prompt),
            "n_predict": 1,
            "temperature": 0.0,
            "samplers": ["temperature"],
            "logit_bias": [[token, 1e9]],
            "ignore_eos": False,
            "n_probs": top,
            "cache_prompt": cached,
        }
        found: list[dict[str, Any]] = self._post("/completion", body)["completion_probabilities"]
        return found

    def _aligned(self, tokens: Sequence[int], reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give each report to the token it is about.

        A report comes once a character is whole and spells every byte since the one before it, so
        the bytes say how many tokens it covers; its figures are the last one's.
        """
        steps: list[dict[str, Any]] = [{"token": token, "logprobs": {}} for token in tokens]
        at = 0
        for report in reports:
            spelled = b""
            while at < len(tokens):
                spelled += self._vocabulary[tokens[at]]
                at += 1
                if len(spelled) >= len(report["bytes"]):
                    break
            if spelled != bytes(report["bytes"]) or steps[at - 1]["token"] != report["id"]:
                break
            steps[at - 1]["logprobs"] = {
                entry["id"]: entry["logprob"] for entry in (report, *report["top_logprobs"])
            }
        return steps


def _answer(request: LlamaCppRequest) -> dict[str, Any]:
    path = Path(request.gguf)
    header, before = read_gguf(path), sha256_file(path)
    server = LlamaCppServer(request, header)
    completions = [server.complete(prompt, request.steps, request.top) for prompt in request.prompts]
    special = {"add_special": request.add_special, "parse_special": request.parse_special}
    tokenized = [server.tokenize(text, **special) for text in request.texts]
    rendered = [server.render(messages) for messages in request.conversations]
    rendered_ids = [server.tokenize(text, add_special=True, parse_special=True) for text in rendered]
    if sha256_file(path) != before:
        raise LlamaCppRefused("the file changed while llama.cpp had it open")
    return {
        "gguf_sha256": before,
        "completions": completions,
        "tokenized": tokenized,
        "rendered": rendered,
        "rendered_ids": rendered_ids,
    }


def _answer_or_refusal(plain: dict[str, Any]) -> dict[str, Any]:
    request = LlamaCppRequest(
        **plain
        | {
            "prompts": tuple(tuple(ids) for ids in plain["prompts"]),
            "texts": tuple(plain["texts"]),
            "conversations": tuple(tuple(messages) for messages in plain["conversations"]),
        }
    )
    try:
        return _answer(request)
    except LlamaCppRefused as refusal:
        mend = "export the checkpoint again, or ask for what the file allows"
        return {"refusal": str(refusal), "mend": mend}
    except SpecshipError as error:
        return {"refusal": error.message, "mend": error.mend}


if __name__ == "__main__":
    answer_parent(_answer_or_refusal)
