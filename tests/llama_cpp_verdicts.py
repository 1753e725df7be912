"""What the real llama.cpp makes of many GGUF files, each opened in a fork of one process: it may abort at any.

python -m tests.llama_cpp_verdicts FILE...   ->  {"FILE": [log-probabilities] or null, ...}
"""

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

PROMPT: Final = (50, 61, 72, 83, 94, 105, 116, 127)
_SECONDS: Final = 20


def llama_cpp_verdicts(files: Sequence[Path]) -> dict[Path, list[float] | None]:
    """By file, the three largest log-probabilities (nats) after `PROMPT`; None where it is refused or aborts."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, *map(str, files)], capture_output=True, check=True, text=True
    )
    found: dict[str, list[float] | None] = json.loads(done.stdout)
    return {file: found[str(file)] for file in files}


def _opened(path: str) -> list[float] | None:
    import xllamacpp

    parameters: Any = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.ui = parameters.endpoint_slots = parameters.warmup = parameters.fit_params = False
    parameters.n_ctx, parameters.n_parallel, parameters.n_gpu_layers, parameters.cache_ram_mib = 64, 1, 0, 0
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError:
        return None
    address = urllib.parse.urlparse(server.listening_address)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    body = {"prompt": PROMPT, "n_predict": 1, "temperature": 0, "n_probs": 3, "cache_prompt": False}
    connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    (report,) = answer["completion_probabilities"]
    return [one["logprob"] for one in report["top_logprobs"]]


def _in_a_fork(path: str) -> list[float] | None:
    reading, writing = os.pipe()
    if not (child := os.fork()):
        signal.alarm(_SECONDS)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.write(writing, json.dumps(_opened(path)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    found: list[float] | None = json.loads(said) if said else None
    return found


if __name__ == "__main__":
    import xllamacpp  # noqa: F401 - imported once, before the forks

    os.environ["GGML_NO_BACKTRACE"] = "1"  # which takes seconds for each abort
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump({path: _in_a_fork(path) for path in sys.argv[1:]}, sys.stdout)
