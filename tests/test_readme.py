"""What the README shows is what there is."""

import json
import re
from pathlib import Path

import yaml

from specship.cli import build_parser
from specship.contracts.document import read_document
from tests.places import ROOT
from tests.processes import specship

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def test_its_contract_is_the_shipped_one() -> None:
    """Cut short, but in no other words."""
    shown = yaml.safe_load(next(text for kind, text in BLOCKS if kind == "yaml"))
    shipped = read_document(ROOT / "contracts" / "training-loop-pretrain-v1.yaml").values
    gate = next(gate for gate in shipped["gates"] if gate["id"] == "GATE-TRAIN-003")

    assert {key: shown[key] for key in ("contract_id", "version", "stage", "summary")} == {
        key: shipped[key] for key in ("contract_id", "version", "stage", "summary")
    }
    assert shown["gates"] == [json.loads(json.dumps(gate))]


def test_its_error_is_the_real_one(tmp_path: Path) -> None:
    import shutil

    for name in ("contracts", "specs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "contracts" / "training-loop-pretrain-v1.yaml"
    path.write_text(path.read_text().replace("probe: run.held_out_loss", "probe: run.held_out_lose"))
    done = specship("status", folder=tmp_path)

    assert done.returncode == 2
    assert done.stderr in [text for _, text in BLOCKS]


def test_its_gates_and_verbs_exist() -> None:
    gates = {
        gate["id"]
        for path in (ROOT / "contracts").glob("*.yaml")
        for gate in read_document(path).values["gates"]
    }
    verbs = set(re.findall(r"`?specship ([a-z]+)\b(?! is)", README)) & set(
        re.findall(r"^    specship ([a-z]+)", README, re.MULTILINE)
    )

    assert set(re.findall(r"GATE-[A-Z]+-[0-9]+", README)) <= gates
    assert verbs
    help_text = build_parser().format_help()
    assert all(f"    {verb} " in help_text for verb in verbs)


def test_its_files_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
