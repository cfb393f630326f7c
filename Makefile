# Every command sets up what it needs: `make train`, `make check` (quick) and `make test` (everything).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: train check test lint screenshots clean

# make train ARGS="encoding=onehot pattern.k=5" passes overrides on
train: $(VENV)/installed
	$(BIN)/python train.py $(ARGS)

# a process a core, a thread each
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses=auto --dist=worksteal

check: $(VENV)/installed-dev lint
	$(PYTEST) -m "not end_to_end and not faults and not browser"

test: $(VENV)/installed-dev lint
	$(PYTEST)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# the README's pictures of TensorBoard and of report pages; needs Chromium and its driver
screenshots: $(VENV)/installed-dev
	PATTERNGAN_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/browser

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("patterngan needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing patterngan into $(VENV) (once; a few minutes)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
