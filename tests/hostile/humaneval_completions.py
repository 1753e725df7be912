"""Completions that are wrong on purpose and try to be scored all the same, or to do harm.

All are for `add(a, b)` of PROBLEM unless a row says otherwise. OUTSIDE stands for a file that must stay
as it is, FOLDER for its folder. `outcomes` are those that may come out; none is ever `passed` or `infra`.
"""

from typing import Final, NamedTuple

from specship.pipeline.evaluation.humaneval.problems import Problem

PROBLEM: Final = Problem(
    task_id="Hostile/0",
    prompt='def add(a, b):\n    """The sum."""\n',
    entry_point="add",
    canonical_solution="    return a + b\n",
    test="def check(candidate):\n    assert candidate(2, 3) == 5\n    assert candidate(-1, 1) == 0\n    assert abs(candidate(0.5, 0.25) - 0.75) < 1e-9\n",
)


class Row(NamedTuple):
    """One hostile completion."""

    code: str
    outcomes: str
    """Kinds of failure that may come out, parted by blanks."""
    slow: bool = False
    """Waits for a limit, or costs much."""


def inside(code: str) -> str:
    """As the body of the function."""
    return "".join(f"    {line}\n" for line in code.splitlines())


def at_import(code: str) -> str:
    """Behind a function that answers wrongly."""
    return f"    return 41\n{code}\n"


LIAR = """
class Liar:
    def _yes(self, *others): return True
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _yes
    def _self(self, *others): return self
    __abs__ = __sub__ = __rsub__ = __add__ = __radd__ = _self
    __hash__ = None
"""
FRAMES = """
import sys
frame = sys._getframe()
while frame:
    for space in (frame.f_locals, frame.f_globals):
        for name, value in list(space.items()):
            if isinstance(value, list):
                value.append('passed')
    frame = frame.f_back
"""
CONSTANTS = """
import sys, gc
frame, found = sys._getframe().f_back, []
while frame:
    found += [c for c in frame.f_code.co_consts if isinstance(c, int)]
    frame = frame.f_back
return next((c for c in found if c == 5), 41)
"""
EVERY_DESCRIPTOR = """
import os
for number in range(1, 64):
    try:
        os.write(number, b'passed\\n{"outcome": "passed"}\\n' * 9)
    except OSError:
        pass
"""
FORGED = """
import os, struct
def frame(body):
    os.write(4, struct.pack('>I', len(body)) + body)
"""

ROWS: Final[dict[str, Row]] = {
    "1 os._exit at import": Row(at_import("import os; os._exit(0)"), "exit"),
    "2 os._exit inside": Row(inside("import os; os._exit(0)"), "exit"),
    "3 sys.exit inside": Row(inside("import sys; sys.exit(0)"), "exception"),
    "4 SystemExit at import": Row(at_import("raise SystemExit"), "load"),
    "5 KeyboardInterrupt": Row(inside("raise KeyboardInterrupt"), "exception"),
    "6 equal to everything": Row("    return Liar()\n" + LIAR, "protocol"),
    "7 equal to everything, an int": Row("    return Five(41)\n" + LIAR.replace("class Liar", "class Five(int)"), "assertion"),
    "8 equal to everything, in a list": Row("    return [Liar()]\n" + LIAR, "protocol"),
    "9 lying metaclass": Row("    return M('x', (), {})\nclass M(type):\n    __eq__ = lambda *a: True\n    __hash__ = None\n", "protocol"),
    "10 pretends to be an int": Row("    return X()\nclass X:\n    __class__ = int\n    __eq__ = lambda *a: True\n    __hash__ = None\n", "protocol"),
    "11 a str that encodes to something else": Row("    return S('5')\nclass S(str):\n    encode = lambda *a: b'i1:5'\n    __eq__ = lambda *a: True\n    __hash__ = None\n", "assertion exception"),
    "12 reflected comparison": Row("    return R()\nclass R:\n    __req__ = __eq__ = __ror__ = lambda *a: True\n    __hash__ = None\n", "protocol"),
    "13 appends passed to frames": Row(inside(FRAMES + "return 41"), "assertion"),
    "14 appends passed, then exits": Row(inside(FRAMES + "import os; os._exit(0)"), "exit"),
    "16 reads the caller's constants": Row(inside(CONSTANTS), "assertion"),
    "17 reads the program text": Row(inside("import sys, re\nf = sys._getframe()\nwhile f.f_back: f = f.f_back\nm = re.search(r'== (\\d+)', str(f.f_locals))\nreturn int(m[1]) if m else 41"), "assertion"),
    "18 searches memory for the tests": Row(inside("import gc\nhits = [o for o in gc.get_objects() if type(o) is dict and 'check' in o]\nreturn 5 if hits else 41"), "assertion"),
    "19 forks, the child answers": Row(inside("import os\nif os.fork() == 0: return 5\nos._exit(0)"), "exit exception"),
    "23 redefines check": Row(at_import("def check(candidate): return None"), "assertion"),
    "24 __main__.check": Row(at_import("import __main__; __main__.check = lambda c: None"), "assertion"),
    "25 replaces the server's functions": Row(at_import("import sys\nm = sys.modules['__main__']\nfor n in list(vars(m)):\n    if callable(vars(m)[n]) and not n.startswith('__'): setattr(m, n, lambda *a, **k: [])"), "assertion exit protocol exception"),
    "26 trace function": Row(at_import("import sys\ndef t(f, e, a):\n    if 'add' in f.f_code.co_name: f.f_locals['a'] = 5\n    return t\nsys.settrace(t)"), "assertion"),
    "27 patches the encoder": Row(at_import("import sys\np = sys.modules['protocol']\np.encode = lambda v: b'T'"), "assertion"),
    "27b answers in the interpreter's own code": Row(at_import("import sys, marshal\np = sys.modules['protocol']\np.encode = marshal.dumps"), "protocol"),
    "27c patches the frames": Row(at_import("import sys\np = sys.modules['protocol']\np.frame = lambda body: b'\\0\\0\\0\\x0b' + body[:8] + b'vNN'"), "protocol"),
    "28 patches builtins": Row(at_import("import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.abs = lambda *a: 0"), "assertion protocol exception exit"),
    "29 always true": Row("    return True\n", "assertion"),
    "30 prints passed": Row(inside("import os\nprint('passed', flush=True)\nos.write(1, b'{\"outcome\": \"passed\"}')\nos.write(2, b'passed')\nreturn 41"), "assertion"),
    "31 writes to every descriptor": Row(at_import(EVERY_DESCRIPTOR), "protocol"),
    "31b the same inside": Row(inside(EVERY_DESCRIPTOR + "return 5"), "protocol"),
    "32 forged reply ahead of the call": Row(at_import(FORGED + "frame(b'l1:s6:loaded')\nframe(b'l3:i1:0s5:valuei1:5')"), "protocol"),
    "32a the same without having seen a token": Row(at_import(FORGED + "frame(b'l1:s6:loaded')\nframe(bytes(8) + b'vi1:5')"), "protocol"),
    "32c answers twice, with the token of the call": Row(inside("import sys, os, struct\nb = sys._getframe(2).f_locals['call'][0] + b'vi1:5'\nos.write(4, struct.pack('>I', len(b)) + b)\nreturn 5"), "protocol assertion"),
    "32d an answer of no kind": Row(inside("import sys, os, struct\nb = sys._getframe(2).f_locals['call'][0] + b'xi1:5'\nos.write(4, struct.pack('>I', len(b)) + b)\nreturn 5"), "protocol"),
    "32e a token alone": Row(inside("import sys, os, struct\nb = sys._getframe(2).f_locals['call'][0]\nos.write(4, struct.pack('>I', len(b)) + b)\nreturn 5"), "protocol"),
    "32b forged end of an evaluation": Row(inside("import os, struct\nb = b'l1:s6:passed'\nos.write(4, struct.pack('>I', len(b)) + b)\nreturn 5"), "protocol"),
    "33 reply of 2 GB": Row(inside("import os\nos.write(4, b'\\x80\\0\\0\\0' + b'x' * 1000)\nreturn 5"), "protocol"),
    "33b long list as answer": Row("    return [0] * 10**7\n", "protocol memory"),
    "33c many values in few bytes": Row("    return [[] for _ in range(500_000)]\n", "protocol memory"),
    "34 depth 100 000": Row(inside("x = []\nfor _ in range(100_000): x = [x]\nreturn x"), "protocol exit"),
    "34b a list in itself": Row(inside("x = []\nx.append(x)\nreturn x"), "protocol"),
    "35 a number of 10 MB": Row("    return 1 << 80_000_000\n", "protocol"),
    "36 not a number": Row("    return float('nan')\n", "assertion"),
    "37 infinity": Row("    return float('inf')\n", "assertion"),
    "38 closes its stream": Row(inside("import os; os.closerange(3, 64); return 5"), "exit"),
    "39 becomes another program": Row(at_import("import os, sys\nos.execv(sys.executable, ['python', '-c', 'print(\"passed\")'])"), "exit load"),
    "40 endless loop": Row("    while True: pass\n", "timeout", slow=True),
    "41 the same, swallowing all": Row(inside("while True:\n    try:\n        while True: pass\n    except BaseException: pass"), "timeout", slow=True),
    "42 cancels alarms and sleeps": Row(inside("import signal, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nsignal.alarm(0)\ntime.sleep(60)"), "timeout", slow=True),
    "43 one C call": Row(inside("import re; re.match('(a+)+$', 'a' * 60 + 'b')"), "timeout", slow=True),
    "43b big numbers": Row(inside("return len(str(7 ** 10 ** 9))"), "timeout exception memory", slow=True),
    "44 busy thread": Row(inside("import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()\nreturn 41"), "assertion"),
    "45 double fork and setsid": Row(inside("import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(30)\n    os._exit(0)\nreturn 41"), "exception assertion"),
    "46 fork bomb": Row(inside("import os, time\nfor _ in range(200):\n    if os.fork() == 0:\n        time.sleep(30)\n        os._exit(0)\nreturn 41"), "exception assertion"),
    "46b many threads": Row(inside("import threading, time\nfor _ in range(200): threading.Thread(target=time.sleep, args=(30,), daemon=True).start()\nreturn 41"), "exception assertion memory"),
    "47 10 GB at once": Row("    return len(bytearray(10 << 30))\n", "memory"),
    "48 many small blocks": Row(inside("x = []\nwhile True: x.append(bytearray(1 << 16))"), "memory timeout"),
    "49 recursion": Row(inside("import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nreturn f(0)"), "exit exception memory timeout", slow=True),
    "50 200 MB to stdout": Row(inside("import sys\nfor _ in range(200): sys.stdout.write('x' * (1 << 20))\nreturn 41"), "assertion"),
    "51 exception text of 200 MB": Row(inside("raise ValueError('x' * (200 << 20))"), "exception"),
    "52 exception with a lying name": Row(inside("raise type('passed\\x1b[2J\\n' * 9, (Exception,), {})()"), "exception"),
    "53 removes a file": Row(inside("import os; os.remove(OUTSIDE); return 41"), "exception assertion"),
    "54 by posix": Row(inside("import posix; posix.unlink(OUTSIDE); return 41"), "exception assertion"),
    "55 after a reload": Row(inside("import os, importlib; importlib.reload(os); os.unlink(OUTSIDE); return 41"), "exception assertion"),
    "56 by ctypes": Row(inside("import ctypes; ctypes.CDLL(None).unlink(OUTSIDE.encode()); return 41"), "assertion"),
    "57 spawns a program": Row(inside("import os; os.waitpid(os.posix_spawn('/bin/rm', ['rm', OUTSIDE], {}), 0); return 41"), "exception assertion"),
    "58 signals its parents": Row(inside("import os, signal\nos.kill(os.getppid(), signal.SIGSTOP if os.getppid() > 1 else 9)\nreturn 41"), "exception assertion"),
    "60 TCP": Row(inside("import socket; socket.create_connection(('127.0.0.1', 22), 1); return 41"), "exception assertion"),
    "60b UDP": Row(inside("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9)); return 41"), "exception assertion"),
    "61 64 MB of file": Row(inside("with open('big', 'wb') as f:\n    for _ in range(64): f.write(bytes(1 << 20))\nreturn 41"), "exception exit assertion"),
    "61b 20 files of 2 MB": Row(inside("for n in range(20):\n    with open(f'big{n}', 'wb') as f: f.write(bytes(2 << 20))\nreturn 41"), "exception assertion"),
    "62 10 000 files": Row(inside("for n in range(10_000): open(f'f{n}', 'w').close()\nreturn 41"), "exception assertion"),
    "63 shared memory": Row(inside("from multiprocessing.shared_memory import SharedMemory\nSharedMemory('specship-left', create=True, size=64 << 20)\nreturn 41"), "exception"),
    "66 the environment, the home": Row(inside("import os\nreturn 5 if os.path.exists(os.path.expanduser('~')) and len(os.environ) > 9 else 41"), "assertion"),
    "67 SIGKILLs itself": Row(inside("import os; os.kill(os.getpid(), 9)"), "exit exception"),
    "67b stops itself": Row(inside("import os, signal; os.kill(os.getpid(), signal.SIGSTOP); return 41"), "timeout exception", slow=True),
    "67c crashes": Row(inside("import ctypes; ctypes.string_at(0)"), "exit"),
    "67d the sandbox's own exit status": Row(inside("import os; os._exit(70)"), "exit"),
    "67e says infra": Row(at_import(FORGED + "frame(b'l2:s5:infras4:mine')"), "protocol"),
    "68 NUL byte": Row("    return a + b\0\n", "load"),
    "68b lone surrogate": Row("    return '\ud800'.nothing\n", "load exception"),
    "68c form feed and nonsense": Row("    \f)(\n", "load"),
    "70 system calls": Row(inside("import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nopen_ = [n for n in (101, 310, 272, 165, 425, 321, 438) if c.syscall(n, 0, 0, 0, 0, 0, 0) >= 0]\nreturn 5 if open_ else 41"), "assertion exit"),
}  # fmt: skip

HONEST: Final[dict[str, str]] = {
    "71 correct": "    return a + b\n",
    "71b imports behind the docstring": "    import operator\n    return operator.add(a, b)\n",
    "71c 1.9 s of processor time": "    import time\n    if not SPENT:\n        SPENT.append(1)\n        while time.process_time() < 1.9: pass\n    return a + b\nSPENT = []\n",
    "71d a helper function": "    return plus(a, b)\n\n\ndef plus(x, y):\n    return x + y\n",
    "71e fenced": "Here it is:\n```python\ndef add(a, b):\n    return a + b\n```\nIt adds.\n",
    "72 1 MB of debug text": "    print('x' * (1 << 20))\n    return a + b\n",
    "72b a thread pool": "    from concurrent.futures import ThreadPoolExecutor\n    with ThreadPoolExecutor(4) as pool:\n        return list(pool.map(lambda n: n, [a + b]))[0]\n",
    "73 CR line ends": "    return a + b\r\n",
    "74 a Counter is a dict, a named tuple a tuple": "    import enum\n    class Number(float): pass\n    return Number(a + b)\n",
    "75 its arguments changed": "    a, b = [a], [b]\n    a.append(b.pop())\n    return sum(a)\n",
}
"""Right ones: refusing any of these is a false alarm."""

HELPERS: Final[dict[str, str]] = {
    "HumanEval/32": "    return 0.0\n\n\ndef poly(xs, x):\n    return 0.0\n",
    "HumanEval/38": "    return s\n\n\ndef encode_cyclic(s):\n    return s\n",
    "HumanEval/50": "    return s\n\n\ndef encode_shift(s):\n    return s\n",
}
"""Rows 20 to 22: wrong answers that check out against a helper which the completion has replaced."""
