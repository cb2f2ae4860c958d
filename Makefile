# Every target is one line; the environment in .venv makes itself when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check run bench

demo: .venv/ready ; @$(BIN)/csms demo
test: .venv/ready ; @$(BIN)/pytest $(ARGS)
check: .venv/ready ; @$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
run: .venv/ready ; @$(BIN)/csms serve
bench: .venv/ready ; @$(BIN)/python -m tests.bench $(ARGS)

.venv/ready: pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch .venv/ready
