# The verbs of this house. Each makes its own environment on first use.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test soak mutants conformance lint types bench bench-peers clean

demo: $(STAMP)
	$(VENV)/bin/signalpost demo

test: $(STAMP)
	$(PY) -m pytest -n 4 --dist worksteal

soak: $(STAMP)
	$(PY) -m pytest -m soak -rA
	$(PY) -m tests.soak

mutants: $(STAMP)
	$(PY) -m tests.mutants

conformance: $(STAMP)
	$(PY) -m tests.conformance

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

types: $(STAMP)
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests bench
	$(VENV)/bin/pyright

bench: $(STAMP)
	$(PY) -m bench

bench-peers: $(STAMP)
	$(PY) -m bench.install

$(STAMP): pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(PY) -m pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $(STAMP)

clean:
	rm -rf $(VENV) .peers .conformance build dist *.egg-info
