"""A process that has imported pytest and specship once, and forks for each run that a test asks for.

A run is a process of its own, with its own folder, environment, arguments and exit status, as a person's is;
what it does not pay for again is the import of some hundred modules, and parsing them for the digests of their
code. `tests/processes.py` speaks to it in JSON lines: the folder of a small project first, whose gates are
collected so that pytest itself loads everything, and modules to import beside that.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def warm_up(project: str, modules: Sequence[str]) -> None:
    """Load what a run loads, through pytest's own way of loading its plugins."""
    import pytest

    for module in modules:
        importlib.import_module(module)
    os.chdir(project)
    quiet, kept = os.open(os.devnull, os.O_WRONLY), os.dup(1)
    os.dup2(quiet, 1)
    status = pytest.main(["--collect-only", "-q", "-m", "ship", "contracts"])
    sys.stdout.flush()
    os.dup2(kept, 1)
    if status != 0:
        raise SystemExit(f"the project of the warm-up has pytest end with {status}")
    # What a whole session uses beyond its collection.
    import specship.cli.commands
    import specship.report.pytest_outcome
    import specship.report.ship.text
    import specship.suite.judging.session  # noqa: F401
    from specship.code_digests import CodeReader
    from specship.pipeline.registry import all_stages, module_of
    from specship.probes.registry import all_probes

    all_probes()
    # Digests of code are reckoned from each file's text: what was parsed once is remembered by its text.
    reader = CodeReader()
    for module in ("specship.suite.judging.judge", *(module_of(stage) for stage in all_stages().values())):
        reader.digest(module)
    gc.collect()
    gc.freeze()


def be(request: dict[str, Any]) -> int:
    """Become the run that is asked for; its exit status."""
    for number, path in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    script, sys.argv = request["script"], [request["script"], *request["arguments"]]
    warnings.resetwarnings()
    warnings.filters[:] = FILTERS  # type: ignore[index]
    try:
        if request["module"]:
            sys.path.insert(0, str(Path.cwd()))
            runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(script).parent))
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does it
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def run(request: dict[str, Any]) -> int:
    """Fork, and wait for the run to end."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 70
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = be(request)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def main() -> None:
    """Serve until the stream of requests ends."""
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.set_inheritable(answers.fileno(), False)
    sys.path.pop(0)  # this file's folder, which no run has on its path
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up(**json.loads(requests.readline()))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in requests:
        print(json.dumps({"status": run(json.loads(line))}), file=answers, flush=True)


if __name__ == "__main__":
    FILTERS = list(warnings.filters)
    main()
