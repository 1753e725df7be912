"""What code that is not ours can open while it measures: a table, each row in a forked process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ALLOWED: Final = {
    "an artifact": "open(ART).read()",
    "an artifact by the system call": "os.close(os.open(ART, os.O_RDONLY))",
    "the folder of an artifact": "os.listdir(os.path.dirname(ART))",
    "a table beside the probe": "open(OWN).read()",
    "a module of the standard library": "import xml.sax.saxutils",
    "a module that is compiled now": "import compiled_now",
    "an installed package": "import gguf, numpy; numpy.arange(3).sum()",
    "a package with a library of its own": "import safetensors, tokenizers",
    "the C library's own wrapper": "import ctypes, ctypes.util",
    "a temporary file": "import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x')",
    "a file of scratch": "p = os.path.join(os.environ['TMPDIR'], 'a'); open(p, 'w').close(); os.remove(p)",
    "an import past a folder that is not its own": "import http.cookies",
    "chance": "open('/dev/urandom', 'rb').read(1)",
    "a named tuple": "import collections; collections.namedtuple('A', 'b')(1)",
    "a data class": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    b: int",
    "a traceback": "import traceback\ntry: 1 / 0\nexcept ZeroDivisionError: traceback.format_exc()",
}
REFUSED: Final = {
    "the private key": ("open(KEY).read()", "opens"),
    "the private key, as bytes": ("open(os.fsencode(KEY)).read()", "opens"),
    "the private key, around a corner": ("open(os.path.join(os.path.dirname(OWN), '../.specship/keys/local.ed25519'))", "opens"),
    "the private key, through a link": ("open(LINK).read()", "opens"),
    "the private key, swallowed": ("try: open(KEY)\nexcept BaseException: pass", "opens"),
    "the private key, by the system call": ("os.open(KEY, os.O_RDONLY)", "opens"),
    "the private key, from a folder that was opened": (
        "f = os.open(os.path.dirname(OWN), os.O_RDONLY); os.open('../.specship/keys/local.ed25519', os.O_RDONLY, dir_fd=f)",
        "nobody can see from where",
    ),
    "a path that changes its mind": ("class P(str): pass\nopen(P(KEY))", "a P that stands for a path"),
    "a file elsewhere": ("open(OTHER).read()", "opens"),
    "a folder elsewhere": ("os.listdir(os.path.dirname(OTHER))", "lists"),
    "the project's own folder": ("list(os.scandir(os.path.dirname(os.path.dirname(OWN))))", "lists"),
    "a module elsewhere": ("sys.path.insert(0, os.path.dirname(OTHER)); import other", "it "),
    "writing to an artifact": ("open(ART, 'a')", "for writing"),
    "writing beside the probe": ("open(OWN + 'x', 'w')", "for writing"),
    "making a link": ("os.symlink(KEY, os.path.join(os.environ['TMPDIR'], 'k'))", "os.symlink"),
    "removing an artifact": ("os.remove(ART)", "changes"),
    "renaming an artifact": ("os.rename(ART, ART + 'x')", "changes"),
    "going elsewhere": ("os.chdir('/')", "os.chdir"),
    "another program": ("import subprocess; subprocess.run(['cat', KEY])", "subprocess.Popen"),
    "a shell": ("os.system('true')", "os.system"),
    "a fork": ("os.fork()", "os.fork"),
    "the parent's memory": ("open(f'/proc/{os.getppid()}/mem', 'rb')", "opens"),
    "the parent's command": ("open(f'/proc/{os.getppid()}/cmdline').read()", "opens"),
    "a signal to the parent": ("os.kill(os.getppid(), 9)", "sends a signal"),
    "the network": ("import socket; socket.create_connection(('127.0.0.1', 9), 1)", "socket."),
    "the C library": ("import ctypes; ctypes.CDLL('libc.so.6')", "ctypes.dlopen"),
    "this program as a library": ("import ctypes; ctypes.CDLL(None)", "ctypes.dlopen"),
    "a symbol of this program": ("import ctypes; ctypes.pythonapi['open']", "ctypes.dlsym"),
    "a data base": ("import sqlite3; sqlite3.connect(OTHER)", "changes"),
    "all objects": ("import gc; gc.get_objects()", "gc.get_objects"),
    "code with another name": ("exec(compile('open(KEY)', os.__file__, 'exec'))", "calls code of its own"),
    "code that is told its name": ("(lambda: 0).__code__.replace(co_filename=os.__file__)", "code.__new__"),
    "builtins that say yes": ("import builtins; builtins.any = lambda *_: True; builtins.type = lambda _: int; open(KEY)", "opens"),
    "a system that says yes": (
        "import posix, posixpath, stat\nposix.lstat = os.lstat = lambda *_: 1 / 0\nposixpath.realpath = lambda *_, **__: ART\nopen(LINK)",
        "opens",
    ),
    "the table of what is allowed": (
        "from specship.suite.judging import fence\nfence._NEVER = fence._READS = ()\nfence._code = lambda: (('/',), ('/',))\nopen(KEY)",
        "opens",
    ),
}  # fmt: skip
FORKS: Final = """
import json, os, sys
from pathlib import Path
given = json.load(sys.stdin)
from specship.suite.judging.fence import Openable, put_up
os.chdir(given["at"])
os.environ["TMPDIR"] = given["scratch"]
sys.path.insert(0, given["elsewhere"])  # as an editable install has it
answers = {}
for name, code in given["cases"].items():
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        read = (Path(given["at"]), Path(given["names"]["OWN"]).parent)
        put_up(Openable(read, Path(given["scratch"]), Path(given["never"])), into)
        try:
            exec(compile(code, given["names"]["OWN"] + ".py", "exec"), {"os": os, "sys": sys, **given["names"]})
            os.write(into, b'{"event": "ended"}')
        except BaseException as error:
            os.write(into, json.dumps({"event": "raised", "what": repr(error)}).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        answers[name] = json.loads(answer.read() or '{"event": "died"}')
    os.waitpid(child, 0)
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, str]]:
    """What became of each row."""
    root = tmp_path_factory.mktemp("fenced")
    at, probes, scratch = (
        root / ".specship/measuring/0/at",
        root / "probes",
        root / ".specship/measuring/0/scratch",
    )
    names = {
        "ART": at / "corpus/train.jsonl", "OWN": probes / "table.json", "KEY": root / ".specship/keys/local.ed25519",
        "OTHER": root / "elsewhere/other.py", "LINK": probes / "link",
    }  # fmt: skip
    for name, path in names.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\n") if name != "LINK" else path.symlink_to(names["KEY"])
    scratch.mkdir()
    (probes / "compiled_now.py").write_text("COMPILED = True\n")
    cases = ALLOWED | {name: code for name, (code, _) in REFUSED.items()}
    cases["a module that is compiled now"] = f"sys.path.insert(0, {str(probes)!r}); import compiled_now"
    given = {
        "elsewhere": str(names["OTHER"].parent), "at": str(at), "scratch": str(scratch), "never": str(root / ".specship"), "cases": cases,
        "names": {name: str(path) for name, path in names.items()},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", FORKS],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("row", ALLOWED)
def test_what_a_probe_needs_is_there(row: str, answers: Mapping[str, dict[str, str]]) -> None:
    assert answers[row] == {"event": "ended"}


@pytest.mark.parametrize("row", REFUSED)
def test_what_is_not_its_own_ends_it_and_is_named(row: str, answers: Mapping[str, dict[str, str]]) -> None:
    assert answers[row]["event"] == "refused", answers[row]
    assert REFUSED[row][1] in answers[row]["what"]


def test_without_the_fence_each_row_would_go_through(tmp_path: Path) -> None:
    """Of those that only read: the table is about something."""
    key = tmp_path / "key"
    key.write_text("secret")
    code = f"KEY = {str(key)!r}\nimport os\n" + REFUSED["the private key, by the system call"][0]
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.exists("/proc/self/mem")  # noqa: PTH110 - what the row of the parent's memory is about
