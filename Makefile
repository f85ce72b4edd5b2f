# The one place that knows how the project is checked; CI runs the same line.
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: check lint types layers rules test

check: lint types layers test rules

$(BIN)/secrethunt: pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'

lint: $(BIN)/secrethunt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/secrethunt
	$(BIN)/mypy

layers: $(BIN)/secrethunt
	$(BIN)/lint-imports

test: $(BIN)/secrethunt
	$(BIN)/pytest -n auto

rules: $(BIN)/secrethunt
	$(BIN)/secrethunt rules check
