"""torch's own launcher starts the training: on one host, on two that meet, and when one of its processes fails."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from specship.pipeline.checkpoint.folder_manifest import verify_manifest
from specship.pipeline.training.run_reading import checkpoints_of, read_run
from tests.models.training_data import make_shards, make_tokenizer
from tests.pipeline.training.test_many_processes import SETTINGS, assert_same_run, run_alone
from tests.processes import SCRIPTS

CHILD: Final = Path(__file__).with_name("torchrun_child.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards", tokenizer=folder / "tokenizer")
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    return folder


@pytest.fixture(scope="module")
def alone(data: Path) -> Path:
    """The run of one process."""
    run_alone(data, data / "alone")
    return data / "alone"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def torchrun(
    data: Path,
    output: Path,
    *more: str,
    each: int,
    restarts: int = 0,
    port: int = 0,
    hosts: int = 1,
    defect: str = "",
    at: int = 0,
) -> subprocess.Popen[str]:
    """One host's `torchrun`, of the console script itself or of a child with a defect."""
    program = [str(CHILD), defect, str(at)] if defect else ["--no-python", str(SCRIPTS / "specship")]
    meet = ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"localhost:{port or free_port()}"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", str(hosts), *meet]
    command += [
        "--max-restarts",
        str(restarts),
        "--nproc-per-node",
        str(each),
        *program,
        "pretrain",
        "--data",
        str(data),
    ]
    command += [
        "--output",
        str(output),
        "--config",
        str(data / "settings.json"),
        "--accept-starvation",
        "tiny",
    ]
    return subprocess.Popen([*command, *more], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ended(*hosts: subprocess.Popen[str]) -> list[int]:
    """The status of each host's launcher; a failure shows what it said."""
    for host in hosts:
        sys.stderr.write(host.communicate(timeout=300)[1][-3000:])
    return [host.returncode for host in hosts]


def test_it_trains_the_run_of_one_process(data: Path, alone: Path, tmp_path: Path) -> None:
    assert ended(torchrun(data, tmp_path / "run", each=2)) == [0]

    assert_same_run(tmp_path / "run", alone)
    told = read_run(tmp_path / "run").parallel
    assert told is not None
    assert (told.world_size, told.sharing, len({one.pid for one in told.ranks})) == (2, "ddp", 2)


def test_a_restart_of_the_launcher_goes_on(data: Path, alone: Path, tmp_path: Path) -> None:
    """The launcher's store still has the addresses of the first attempt."""
    run = tmp_path / "run"
    assert ended(torchrun(data, run, each=2, restarts=1, defect="killed", at=9)) == [0]

    assert read_run(run).sessions == 2
    assert_same_run(run, alone)


def test_two_hosts_meet_and_another_number_goes_on(data: Path, alone: Path, tmp_path: Path) -> None:
    """Two launchers of one process each meet; one process is killed, and four of one host go on."""
    run, port = tmp_path / "run", free_port()
    hosts = [torchrun(data, run, each=1, hosts=2, port=port, defect="killed", at=9) for _ in range(2)]
    assert ended(*hosts) == [1, 1]
    record = read_run(run)
    assert record.reason.startswith("worker gone: rank 1 did not come to the exchange of step 9"), (
        record.reason
    )
    assert record.parallel is not None
    assert record.parallel.world_size == 2

    assert ended(torchrun(data, run, "--sharing", "fsdp", each=4)) == [0]
    assert read_run(run).sessions == 2
    assert_same_run(run, alone)


@pytest.mark.parametrize(
    ("defect", "reason"),
    [
        ("hangs", "worker gone: rank 1 did not come to the exchange of step 9"),
        ("weight", "weights differ: step 12: rank 1 holds other weights than rank 0"),
    ],
)
def test_one_that_goes_wrong_ends_the_run(data: Path, tmp_path: Path, defect: str, reason: str) -> None:
    """With its rank, the reason, and a checkpoint from which the same command goes on."""
    run = tmp_path / "run"
    assert ended(torchrun(data, run, "--silence", "4", each=2, defect=defect, at=9)) == [1]

    record = read_run(run)
    assert (record.status, record.reason[: len(reason)]) == ("aborted", reason)
    step, checkpoint = checkpoints_of(run)[-1]
    assert step == 6
    verify_manifest(checkpoint)
