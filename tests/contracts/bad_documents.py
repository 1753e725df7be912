"""Documents as people write them wrong, in plain words: which file, what is replaced, and by what.

What each is told stands in `bad_documents.txt`, word for word.
"""

C = "contracts/small-v1.yaml"
S = "specs/small/spec.yaml"
R = "specs/small/profiles/rehearsal.yaml"
L = "specs/small/profiles/release.yaml"
A = "specs/small/amendments/0001-begin.yaml"
W = "waivers/corpus.yaml"
WAIVER = """\
gate: GATE-SMALL-002
fingerprint: fails-0123456789ab
owner: ada@example.org
reason: The new corpus comes on Thursday.
issue: https://example.org/issues/7
expires: "2027-01-31"
"""


def _waiver(old: str, new: str) -> str:
    assert old in WAIVER
    return WAIVER.replace(old, new)


def _surely(more: str) -> tuple[str, str, str]:
    """The limit on documents, with something more."""
    return (
        C,
        "documents: {at_least: 10, unit: documents",
        f"documents: {{at_least: 10, unit: documents, {more}",
    )


CASES: list[tuple[str, str, str | None, str | bytes]] = [
    # confidence
    ("a confidence without what it is known by", *_surely("confidence: 0.95")),
    ("a confidence known by two", *_surely("confidence: 0.95, count: documents, error: documents")),
    ("an error without a confidence", *_surely("error: documents")),
    ("a confidence in percent", *_surely("confidence: 95, count: documents")),
    ("a confidence that anything has", *_surely("confidence: 0.5, count: documents")),
    ("an error that nobody measures", *_surely("confidence: 0.95, error: document")),
    ("an error in another unit", *_surely("confidence: 0.95, error: characters")),
    (
        "a confidence of an equality",
        C,
        "documents: {at_least: 10, unit: documents",
        "documents: {equals: 10, unit: documents, confidence: 0.95, count: documents",
    ),
    # text
    ("a key twice", C, "version: 1.0.0\n", "version: 1.0.0\nversion: 2.0.0\n"),
    (
        "a limit twice",
        C,
        "documents: {at_least: 10, unit: documents}",
        "documents: {at_least: 10, at_least: 1, unit: documents}",
    ),
    (
        "a merge key",
        C,
        "    expect:\n      documents:",
        "    <<: {ship_blocking: false}\n    expect:\n      documents:",
    ),
    ("an anchor", C, "stage: corpus", "stage: &x corpus"),
    ("an alias", C, "stage: corpus", "stage: *x"),
    ("a tag", C, "stage: corpus", "stage: !!python/name:os.system corpus"),
    ("a second document", C, "stage: corpus", "---\nstage: corpus"),
    ("a directive of another version", C, "contract_id:", "%YAML 1.1\n---\ncontract_id:"),
    ("an unclosed bracket", C, "binds_to: [AC-SMALL-001]", "binds_to: [AC-SMALL-001"),
    ("a tab for indentation", C, "    rule: The corpus has", "\trule: The corpus has"),
    ("a no-break space for indentation", C, "    rule: The corpus has", "\u00a0   rule: The corpus has"),
    ("a no-break space behind a dash", C, "- id: GATE-SMALL-002", "-\u00a0id: GATE-SMALL-002"),
    ("a byte-order mark between lines", C, "stage: corpus", "\ufeffstage: corpus"),
    ("a colon too many", C, "summary: What", "summary: What: and"),
    ("yes for true", C, "ship_blocking: true", "ship_blocking: yes"),
    ("no for false", C, "ship_blocking: true", "ship_blocking: no"),
    ("a version of one number with underscore", C, "at_least: 10", "at_least: 1_0"),
    ("an exponent without point", C, "at_least: 10", "at_least: 1e1"),
    ("an octal number", C, "at_least: 10", "at_least: 010"),
    ("a hexadecimal number", C, "at_least: 10", "at_least: 0x10"),
    ("a number in base sixty", C, "at_least: 10", "at_least: 1:10"),
    ("not a number", C, "at_least: 10", "at_least: .nan"),
    ("infinity", C, "at_least: 10", "at_least: .inf"),
    ("a number beyond doubles", C, "at_least: 10", "at_least: 1.0e999"),
    ("a number of thirty digits", C, "at_least: 10", "at_least: 1" + "0" * 29),
    ("a date for a version", C, "version: 1.0.0", "version: 2026-11-22"),
    ("an escape for the terminal", C, "summary: What a small corpus must be.", 'summary: "What \\e[2J"'),
    (
        "a text that runs backwards",
        C,
        "summary: What a small corpus must be.",
        "summary: What \u202eevil\u202c",
    ),
    ("a list for a key", C, "stage: corpus", "[stage, phase]: corpus"),
    ("nothing at all", C, None, ""),
    ("only a comment", C, None, "# nothing\n"),
    ("a list", C, None, "- 1\n- 2\n"),
    ("a text", C, None, "a contract\n"),
    ("another encoding", C, None, "contract_id: caf\xe9\n".encode("latin-1")),
    ("UTF-16", C, None, "contract_id: small\n".encode("utf-16")),
    ("a NUL byte", C, None, b"contract_id: small\0\n"),
    ("a binary file", C, None, bytes(range(128, 192))),
    # shape
    ("a misspelt key of a gate", C, "ship_blocking: true\n    probe", "ship_blokcing: true\n    probe"),
    ("a misspelt key of the contract", C, "summary:", "sumary:"),
    ("a misspelt operator", C, "at_least: 10", "at_laest: 10"),
    (
        "a verdict typed by hand",
        C,
        "    probe: small.documents\n    expect:\n      documents",
        "    verdict: PASS\n    probe: small.documents\n    expect:\n      documents",
    ),
    ("a percentage typed by hand", S, "title: A small spec", "title: A small spec\nship_percent: 87.5"),
    ("a version typed by hand", S, "title: A small spec", "title: A small spec\nversion: 1.0.0"),
    ("no rule", C, "    rule: The corpus has documents.\n", ""),
    ("an empty rule", C, "rule: The corpus has documents.", "rule: ''"),
    (
        "an empty list of gates",
        C,
        None,
        "contract_id: small\nversion: 1.0.0\nstage: corpus\nsummary: s\ngates: []\n",
    ),
    (
        "gates as a mapping",
        C,
        None,
        "contract_id: small\nversion: 1.0.0\nstage: corpus\nsummary: s\ngates: {a: 1}\n",
    ),
    (
        "a gate that is a text",
        C,
        None,
        "contract_id: small\nversion: 1.0.0\nstage: corpus\nsummary: s\ngates: [GATE-SMALL-001]\n",
    ),
    ("an unknown stage of the lifecycle", C, "stage: corpus", "stage: corpsu"),
    ("a version of two parts", C, "version: 1.0.0", "version: 1.0"),
    ("a version that ends in a zero", C, "version: 1.0.0", "version: 1.10"),
    ("a number for a text", C, "rule: The corpus has documents.", "rule: 1.10"),
    ("a version with a letter", C, "version: 1.0.0", "version: v1.0.0"),
    ("a gate id in lower case", C, "id: GATE-SMALL-001", "id: gate-small-001"),
    ("a gate id with underscores", C, "id: GATE-SMALL-001", "id: GATE_SMALL_001"),
    ("a contract id in capitals", C, "contract_id: small", "contract_id: Small"),
    ("a criterion that is none", C, "[AC-SMALL-001]", "[SMALL-001]"),
    ("one criterion instead of a list", C, "[AC-SMALL-001]", "AC-SMALL-001"),
    ("a limit in quotes", C, "at_least: 10", "at_least: '10'"),
    ("a limit that is true", C, "at_least: 10", "at_least: true"),
    ("a truth value in quotes", C, "ship_blocking: true", "ship_blocking: 'true'"),
    ("a limit that is a list", C, "at_least: 10", "at_least: [10]"),
    ("a range of one end", C, "at_least: 10", "between: [10]"),
    ("a limit of nothing", C, "at_least: 10", "at_least:"),
    ("two operators", C, "at_least: 10", "at_least: 10, at_most: 20"),
    ("no operator", C, "at_least: 10, ", ""),
    ("an empty interval", C, "at_least: 10", "between: [20, 10]"),
    ("an empty choice", C, "at_least: 10", "one_of: []"),
    ("a broken pattern", C, "at_least: 10, unit: documents", "matches: '(', unit: text"),
    ("a number against a text", C, "at_least: 10, unit: documents", "at_least: 10, unit: text"),
    ("a limit that nothing could violate", C, "at_least: 10", "at_least: 0"),
    ("a share above one", C, "at_least: 10, unit: documents", "at_most: 1.5, unit: fraction"),
    ("a pattern that matches everything", C, "at_least: 10, unit: documents", "matches: '.*', unit: text"),
    ("an unknown unit", C, "at_least: 10, unit: documents", "at_least: 10, unit: nats/tokens"),
    ("no unit", C, "at_least: 10, unit: documents", "at_least: 10"),
    (
        "a probe that expects nothing",
        C,
        "    expect:\n      documents: {at_least: 10, unit: documents}\n",
        "",
    ),
    (
        "an expectation without probe",
        C,
        "    probe: small.documents\n    expect:\n      documents",
        "    expect:\n      documents",
    ),
    (
        "a requirement nobody can meet",
        C,
        "    probe: small.documents\n    expect:\n      documents",
        "    requires: {device: rocm}\n    probe: small.documents\n    expect:\n      documents",
    ),
    ("the name of another contract", C, "contract_id: small", "contract_id: large"),
    ("the name of another version", C, "version: 1.0.0", "version: 2.0.0"),
    ("weights that add up to too much", S, "weight: 60", "weight: 61"),
    ("a weight of zero", S, "weight: 10", "weight: 0"),
    ("a negative effort", S, "gpu_hours: 0, person_hours: 1", "gpu_hours: -1, person_hours: 1"),
    (
        "an override without reason",
        R,
        "pipeline:",
        "overrides:\n  GATE-SMALL-001: {expect: {documents: {at_least: 5, unit: documents}}}\npipeline:",
    ),
    (
        "an override that changes nothing",
        R,
        "pipeline:",
        "overrides:\n  GATE-SMALL-001: {reason: r}\npipeline:",
    ),
    (
        "an override of a release",
        L,
        "pipeline:",
        "overrides:\n  GATE-SMALL-001: {reason: r, requires: {device: cuda}}\npipeline:",
    ),
    ("a third kind of profile", R, "kind: rehearsal", "kind: rehersal"),
    ("a profile under another name", R, "profile: rehearsal", "profile: practice"),
    ("a bump of another size", A, "bump: major", "bump: huge"),
    ("an amendment that changes nothing", A, "changes: [{id: MODEL-1, what: A model.}]", "changes: []"),
    # names
    ("an unknown probe", C, "small.documents", "small.docments"),
    ("an unknown quantity", C, "characters: {", "charcters: {"),
    ("another unit than the probe's", C, "at_least: 100, unit: characters", "at_least: 100, unit: bytes"),
    ("an unknown criterion", C, "[AC-SMALL-002]", "[AC-SMALL-022]"),
    (
        "an unknown fault",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    falsified_by: [frozen-wieghts]\n    probe",
    ),
    (
        "an unknown fault with a prediction",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    falsified_by: {frozen-wieghts: [documents]}\n    probe",
    ),
    (
        "a fault seen in a quantity without limit",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    falsified_by: {frozen-weights: [document]}\n    probe",
    ),
    (
        "an excuse for no limit",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    unfalsified: {document: There is none.}\n    probe",
    ),
    (
        "a proposal of no limit",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    proposed: [document]\n    probe",
    ),
    (
        "an excuse of two lines",
        C,
        "ship_blocking: true\n    probe",
        'ship_blocking: true\n    unfalsified: {documents: "one\\ntwo"}\n    probe',
    ),
    (
        "a fault seen in nothing",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    falsified_by: {frozen-weights: []}\n    probe",
    ),
    (
        "a fault that is a number",
        C,
        "ship_blocking: true\n    probe",
        "ship_blocking: true\n    falsified_by: 3\n    probe",
    ),
    (
        "a reference to no gate",
        C,
        "gates:",
        'references: [{id: "arXiv:2203.15556", supports: [GATE-SMALL-010]}]\ngates:',
    ),
    ("a gate twice", C, "GATE-SMALL-002", "GATE-SMALL-001"),
    ("a criterion twice", S, "AC-SMALL-002", "AC-SMALL-001"),
    (
        "a dependency on nothing",
        S,
        "weight: 30, because: b",
        "weight: 30, because: b, depends_on: [AC-SMALL-0001]",
    ),
    (
        "a dependency on itself",
        S,
        "weight: 30, because: b",
        "weight: 30, because: b, depends_on: [AC-SMALL-002]",
    ),
    ("a model of no spec", R, "MODEL-1:", "MODEL-2:"),
    ("a section of no stage", R, "    corpus:", "    corpse:"),
    (
        "two ways to one artifact",
        R,
        "    corpus:",
        "    received: {folder: a}\n    imported: {}\n    corpus:",
    ),
    (
        "a lender that is nobody",
        R,
        "    corpus:",
        "    borrowed: {model: MODEL-9, artifacts: [run]}\n    corpus:",
    ),
    (
        "a lender that borrows",
        R,
        "    corpus:",
        "    borrowed: {model: MODEL-1, artifacts: [run]}\n    corpus:",
    ),
    (
        "a loan of what is made here",
        R,
        "    corpus:",
        "    received: {folder: a, source: b}\n    borrowed: {model: MODEL-9, artifacts: [checkpoint]}\n    corpus:",
    ),
    ("a loan of nothing", R, "    corpus:", "    borrowed: {model: MODEL-1, artifacts: []}\n    corpus:"),
    (
        "a loan that nobody makes",
        R,
        "    corpus:",
        "    borrowed: {model: MODEL-9, artifacts: [rum]}\n    corpus:",
    ),
    ("an unknown setting", R, "licence:", "license:"),
    ("a setting out of range", R, "heldout_fraction: 0.2", "heldout_fraction: 2.0"),
    (
        "an override of no gate",
        R,
        "pipeline:",
        "overrides:\n  GATE-SMALL-01: {reason: r, requires: {}}\npipeline:",
    ),
    (
        "an override of no quantity",
        R,
        "pipeline:",
        "overrides:\n  GATE-SMALL-001: {reason: r, drop: [document]}\npipeline:",
    ),
    (
        "an override in another unit",
        R,
        "pipeline:",
        "overrides:\n  GATE-SMALL-001: {reason: r, expect: {documents: {at_least: 5, unit: files}}}\npipeline:",
    ),
    (
        "every limit dropped",
        R,
        "pipeline:",
        "overrides:\n  GATE-SMALL-001: {reason: r, drop: [documents]}\npipeline:",
    ),
    (
        "a criterion that is not judged and not there",
        R,
        "pipeline:",
        "not_judged: {AC-SMALL-004: r}\npipeline:",
    ),
    ("an amendment after nothing", A, "after: 0.0.0", "after: 3.0.0"),
    ("a misspelt key of a waiver", W, None, _waiver("owner:", "onwer:")),
    ("a waiver without end", W, None, _waiver('expires: "2027-01-31"\n', "")),
    ("a waiver that ends on a bare date", W, None, _waiver('"2027-01-31"', "2027-01-31")),
    ("a waiver that ends on no day", W, None, _waiver("2027-01-31", "2027-02-30")),
    ("a waiver for a group of gates", W, None, _waiver("GATE-SMALL-002", "[GATE-SMALL-001, GATE-SMALL-002]")),
    ("a waiver for every gate", W, None, _waiver("GATE-SMALL-002", "GATE-*")),
    ("a waiver for every failure", W, None, _waiver("fails-0123456789ab", "'*'")),
    ("a waiver that nobody follows", W, None, _waiver("https://example.org/issues/7", "soon")),
    ("a waiver that says passed", W, None, WAIVER + "verdict: PASS\n"),
    ("a waiver of an unknown gate", W, None, _waiver("GATE-SMALL-002", "GATE-SMALL-020")),
    ("a waiver that is a list", W, None, "- GATE-SMALL-002\n"),
    ("three defects at once", C, "version: 1.0.0\nstage: corpus", "version: 1.0\nstage: yes\nowner: me"),
    (
        "defects of every kind",
        C,
        "    rule: The corpus is large.\n    binds_to: [AC-SMALL-002]\n    ship_blocking: true\n    probe: small.documents\n    expect:\n      characters: {at_least: 100, unit: characters}",
        "    ruel: The corpus is large.\n    binds_to: [AC-SMALL-02]\n    ship_blocking: 1\n    probe: small.docs\n    expect:\n      characters: {at_least: 0, at_most: 2, unit: charactrs/s}",
    ),
]
