"""Contracts in other people's YAML: what becomes of each rule, and of files that are none."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specship.cli import main
from specship.contracts.foreign.conversion import convert
from specship.contracts.reader import read_contract
from specship.errors import SpecshipError
from specship.probes.registry import all_probes
from tests.contracts.foreign.foreign_samples import SAMPLES
from tests.places import ROOT

UNITS = {name: probe.units for name, probe in all_probes().items()}
GATE = "gates:\n  - id: GATE-A-001\n    rule: A rule.\n"


def test_there_are_no_two_probes_of_one_quantity_in_the_samples() -> None:
    """The samples say which names are unique; a new probe that takes one of them must change them."""
    owners = [name for name, units in UNITS.items() if "straight_share" in units]

    assert owners == ["run.log"]


@pytest.mark.parametrize("case", SAMPLES, ids=lambda case: case.replace(" ", "-"))
def test_each_rule_is_bound_or_says_why_not(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = SAMPLES[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / sample.file).write_text(sample.text, encoding="utf-8")
    bound = sum(said in UNITS for _, said in sample.gates.values())

    assert (
        main(["import", "contract", sample.file, "--output", "out", "--format", "json", *sample.options]) == 0
    )

    told = json.loads(capsys.readouterr().out)
    assert (told["rules"], told["bound"], told["unbound"]) == (
        len(sample.gates), bound, len(sample.gates) - bound,
    )  # fmt: skip
    assert [gate["id"] for gate in told["gates"]] == list(sample.gates)
    read = read_contract(tmp_path / told["contract"], root=tmp_path).contract
    assert read.stage == sample.stage
    for gate, reported in zip(read.gates, told["gates"], strict=True):
        lines, said = sample.gates[gate.id]
        assert gate.source == reported["source"] == f"{sample.file}:{lines}"
        assert gate.probe == reported["probe"]
        assert (said == gate.probe) if said in UNITS else (said in reported["why"]), (gate.id, reported)
        assert (gate.probe is None) == bool(reported["why"])
    text = (tmp_path / told["contract"]).read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=")
    assert yaml.safe_load(text)["contract_id"] == read.contract_id


def imported(folder: Path, case: str, **options: object) -> dict[str, dict[str, object]]:
    sample = SAMPLES[case]
    path = folder / sample.file
    path.write_text(sample.text, encoding="utf-8")
    contract = convert(path, UNITS, **options).contract  # type: ignore[arg-type]
    return {"": contract.model_dump()} | {gate.id: gate.model_dump() for gate in contract.gates}


def test_limits_units_and_marks_are_carried_over(tmp_path: Path) -> None:
    gates = imported(tmp_path, "a training loop with invariants and gates")

    assert gates["GATE-LOOP-B"]["ship_blocking"] is True
    assert gates["GATE-PRETRAIN-LOOP-002"]["ship_blocking"] is False
    assert gates["GATE-LOOP-A"]["binds_to"] == (), "their criteria are not ours"
    assert gates["GATE-LOOP-B"]["expect"]["val_loss"]["at_most"] == 2.2  # type: ignore[index]
    assert gates["GATE-LOOP-B"]["expect"]["val_loss"]["unit"] == "nats/token"  # type: ignore[index]
    assert gates["GATE-LOOP-B"]["rule"] == "Loss: val_loss ≤ 2.2 nats/token"
    assert gates[""]["version"] == "2.3.0"
    assert gates[""]["summary"] == "The loop keeps its promises."
    assert gates[""]["references"] == (
        {"id": "arXiv:1711.05101", "supports": ("GATE-PRETRAIN-LOOP-003",)},
        {"id": "notes/loop.md", "supports": ()},
    )


def test_percentages_ranges_and_exponents(tmp_path: Path) -> None:
    decode = imported(tmp_path, "invariants in groups, decode figures")
    data = imported(tmp_path, "a dataset with budgets and anchors")

    def limits(gate: dict[str, object], quantity: str) -> dict[str, object]:
        return {key: value for key, value in gate["expect"][quantity].items() if value is not None}  # type: ignore[index]

    assert limits(decode["GATE-DECODE-SPEED-010"], "valid_share") == {
        "between": (0.25, 0.75),
        "unit": "fraction",
    }
    assert limits(decode["GATE-DECODE-SPEED-014"], "ratio_to_reference") == {
        "at_least": 0.001,
        "unit": "ratio",
    }
    assert limits(data["GATE-DATASET-CODE-006"], "highest_jaccard") == {"at_most": 0.5, "unit": "fraction"}
    assert limits(data["GATE-DATASET-CODE-001"], "train_tokens") == {
        "at_least": 2_000_000_000,
        "unit": "tokens",
    }
    assert data["GATE-DATASET-CODE-005"]["ship_blocking"] is True, "a merge key is written out"
    assert data["GATE-DATASET-CODE-007"]["rule"] == "Fails when: shared_digests > 0 documents"


def test_words_cannot_act_upon_a_terminal_or_leave_their_line(tmp_path: Path) -> None:
    gates = imported(tmp_path, "a list of rules, hard to quote")

    assert gates["GATE-UNICODE-RULES-001"]["rule"] == (
        'tabs and \ufffd[31mred\ufffd[0m and "quotes" \\ # no comment: {x}'
    )
    assert gates["GATE-UNICODE-RULES-002"]["rule"] == "two lines"


def test_binds_to_is_given_to_every_gate(tmp_path: Path) -> None:
    gates = imported(tmp_path, "thresholds by metric", binds_to=("AC-SHIP2-003",))

    assert {gate["binds_to"] for key, gate in gates.items() if key} == {("AC-SHIP2-003",)}


def test_prints_the_contract_and_tells_apart_what_is_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop-train-v1.yaml").write_text(
        "invariants:\n  - {id: INV-1, description: No missing steps}\n  - {id: INV-2, description: All is well}\n"
    )

    assert main(["import", "contract", "loop-train-v1.yaml"]) == 0

    printed = capsys.readouterr()
    assert printed.out == (
        "# yaml-language-server: $schema=https://raw.githubusercontent.com/specship/specship/main/schemas/contract.schema.json\n"
        "# Imported from loop-train-v1.yaml: 1 of 2 rules is bound to a probe, 1 is UNBOUND.\n"
        "contract_id: loop-train\nversion: 1.0.0\nstage: train\n"
        'summary: "Rules of loop-train-v1.yaml."\n'
        "gates:\n"
        "  # their id: INV-1\n"
        '  - id: GATE-LOOP-TRAIN-001\n    rule: "No missing steps"\n    source: "loop-train-v1.yaml:2-2"\n'
        "    ship_blocking: false\n    probe: run.log\n    expect:\n      missing_steps: {equals: 0, unit: steps}\n"
        "  # their id: INV-2\n"
        "  # UNBOUND: prose: it compares no named quantity with a number\n"
        '  - id: GATE-LOOP-TRAIN-002\n    rule: "All is well"\n    source: "loop-train-v1.yaml:3-3"\n'
        "    ship_blocking: false\n"
    )
    assert printed.err.splitlines()[-1] == "1 of 2 rules is bound to a probe, 1 is UNBOUND"
    assert "loop-train-v1.yaml:3-3 GATE-LOOP-TRAIN-002 UNBOUND: prose" in printed.err


def test_never_overwrites_unless_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a-v1.yaml"
    source.write_text(GATE)
    out = tmp_path / "out"
    command = ["import", "contract", str(source), "--output", str(out)]

    assert main(command) == 0
    (out / "a-v1.yaml").write_text("precious")
    assert main(command) == 2
    assert "there is such a file already" in capsys.readouterr().err
    assert (out / "a-v1.yaml").read_text() == "precious"
    assert main([*command, "--force"]) == 0
    assert read_contract(out / "a-v1.yaml").contract.gates[0].id == "GATE-A-001"


def _chain(levels: int) -> str:
    return (
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, levels)) + GATE
    )


HOSTILE = {
    # plain words: (bytes, part of the message)
    "nothing": (b"", "the file is empty"),
    "a comment only": (b"# gates\n", "the file is empty"),
    "a number": (b"17\n", "no rule was found"),
    "null": (b"~\n", "no rule was found"),
    "a list of numbers": (b"[1, 2, 3]\n", "no rule was found"),
    "sections without rules": (b"gates: []\ninvariants:\nequations: {}\n", "no rule was found"),
    "binary garbage": (bytes(range(256)), "not UTF-8"),
    "a NUL byte": (b"gates: [a\0b]\n", "@9 SHIP104 not YAML"),
    "UTF-16": ("gates: [a]\n".encode("utf-16"), "not UTF-8"),
    "ten megabytes": (b"# " + b"x" * 10_000_000, "larger than"),
    "an unclosed bracket": (b"gates: [a\nb: c\n", "not YAML"),
    "a tab for indentation": (b"gates:\n\t- a\n", "not YAML"),
    "a duplicate key": (b"gates: [a]\ngates: [b]\n", "'gates' stands twice"),
    "two documents": (GATE.encode() + b"---\n" + GATE.encode(), "a second document"),
    "a tag that constructs": (b"gates: [!!python/object/apply:os.system ['x']]\n", "tag"),
    "a tag of their own": (b"gates: [!secret x]\n", "tag"),
    "deep nesting": (b"[" * 5000 + b"]" * 5000, "nested deeper"),
    "deep mappings": (b"{a: " * 500 + b"1" + b"}" * 500, "nested deeper"),
    "a list that contains itself": (b"gates: &g [*g]\n", "contains itself"),
    "a mapping that contains itself": (b"&g {gates: {a: *g}}\n", "contains itself"),
    "a billion laughs": (_chain(30).encode(), "aliases written out"),
    "a long text named by a thousand aliases": (
        b"a: &a " + b"x" * 60_000 + b"\ngates: [" + b"*a, " * 1000 + b"x]\n", "aliases written out",
    ),
    "an alias to nothing": (b"gates: *nobody\n", "not YAML"),
    "too many values": (b"gates: [" + b"1," * 30_000 + b"]\n", "more than"),
    "too many rules": (b"gates: [" + b"r," * 5_000 + b"]\n", "at most 1000"),
    "a list as a key": (b"? [a, b]\n: c\n", "a key must be a plain text"),
    "a mapping as a key": (b"? {a: b}\n: c\n", "a key must be a plain text"),
    "a long text": (b"gates: [" + b"x" * 70_000 + b"]\n", "a text of 70000 characters"),
    "a long key": (b"? " + b"x" * 70_000 + b"\n: [a]\n", "a key of 70000 characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.replace(" ", "-"))
def test_what_cannot_be_read_is_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, message = HOSTILE[case]
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_bytes(data)

    assert main(["import", "contract", "bad.yaml", "--output", "out"]) == 2

    said = capsys.readouterr().err
    assert message in said
    assert re.match(r"bad\.yaml(:\d+:\d+|@\d+)?[: ]", said)
    assert not Path("out").exists()


def test_what_is_no_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for path in (
        tmp_path / "pipe.yaml",
        tmp_path / "loop.yaml",
        tmp_path,
        tmp_path / "absent.yaml",
        "a\0b",
        "",
    ):
        assert main(["import", "contract", str(path)]) == 2
        assert capsys.readouterr().err


def test_a_contract_of_ours_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a-v1.yaml"
    source.write_text(GATE)
    assert main(["import", "contract", str(source), "--output", str(tmp_path / "out")]) == 0

    assert main(["import", "contract", str(tmp_path / "out" / "a-v1.yaml")]) == 2
    assert "in our format already" in capsys.readouterr().err


def test_bad_options_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a-v1.yaml"
    source.write_text(GATE)

    assert main(["import", "contract", str(source), "--binds-to", "SHIP-1"]) == 2
    assert "no criterion's id" in capsys.readouterr().err
    assert main(["import", "contract", str(source), "--output", str(source)]) == 2
    with pytest.raises(SystemExit):
        main(["import", "contract", str(source), "--stage", "training"])


def test_strange_names_of_files_become_ids_and_sources(tmp_path: Path) -> None:
    for name in ("no", "---", "1e3-v2.yaml", "a\nb-v3.yaml", "x" * 200, "-v1.yaml", ".yaml"):
        path = tmp_path / name
        path.write_text(GATE)
        done = convert(path, UNITS)
        assert done.contract.gates[0].source
        assert "\n" not in done.contract.gates[0].source


# fmt: off
KEYS = st.sampled_from([
    "metadata", "version", "references", "stage", "equations", "formula", "domain", "invariants", "property",
    "proof_obligations", "formal", "falsification_tests", "prediction", "kani_harnesses", "qa_gate", "gates",
    "thresholds", "id", "rule", "name", "description", "condition", "metric", "operator", "threshold", "unit",
    "min", "max", "val_loss", "max_straight_share", "missing_steps", "ship_blocking", "<<",
])
# fmt: on
WORDS = st.one_of(
    st.sampled_from(
        [
            "val_loss <= 2.2 nats/token",
            "no missing steps",
            "straight_share = 1",
            "GATE-A-001",
            "GATE-A-002",
            "<=",
            "arXiv:2203.15556",
            "train",
            "1.2.3",
            "straight_share in [0.1, 1e-9]",
            "valid_share ≥ 90 %",
            "fraction",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.binary(max_size=4), WORDS
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(KEYS, KEYS, WORDS, st.integers()), inner, max_size=5),
    ),
    max_leaves=25,
)


@given(tree=st.dictionaries(KEYS, TREES, max_size=6), stage=st.sampled_from([None, "train", "inference"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_is_converted_or_refused(tmp_path: Path, tree: dict[str, object], stage: str | None) -> None:
    """The command writes a contract that our reader accepts, or refuses with an error of ours."""
    path = tmp_path / "random-v1.yaml"
    path.write_text(yaml.dump(tree, allow_unicode=True), encoding="utf-8", errors="surrogatepass")
    try:
        done = convert(path, UNITS, stage=stage)
    except SpecshipError:
        return
    written = tmp_path / "out" / done.contract.file_name
    written.parent.mkdir(exist_ok=True)
    written.write_text(done.text, encoding="utf-8")
    read = read_contract(written).contract
    assert len(read.gates) == len(done.rules) > 0
    assert sum(gate.probe is not None for gate in read.gates) == done.bound


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_converted_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """A sample with a piece replaced by anything at all."""
    text = data.draw(st.sampled_from([sample.text for sample in SAMPLES.values()])).encode()
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"&a ", b"*a", b"<<: ", b"!x ", b"\n", b"- "]))
    )
    path = tmp_path / "damaged-v1.yaml"
    path.write_bytes(text[:at] + piece + text[at + data.draw(st.integers(0, 8)) :])
    try:
        done = convert(path, UNITS)
    except SpecshipError:
        return
    written = tmp_path / "out" / done.contract.file_name
    written.parent.mkdir(exist_ok=True)
    written.write_text(done.text, encoding="utf-8")
    assert len(read_contract(written).contract.gates) == len(done.rules) > 0


def test_the_page_shows_what_really_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "import-contract.md").read_text(encoding="utf-8")
    source, output, contract = re.findall(r"^```(?:yaml|text)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("pretraining-v1.yaml").write_text(source, encoding="utf-8")

    assert main(["import", "contract", "pretraining-v1.yaml", "--output", "out"]) == 0
    assert capsys.readouterr().out == output
    assert Path("out/pretraining-v1.yaml").read_text(encoding="utf-8") == contract
