# The two commands of the README: `make demo` and `make test`. Everything they need is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
export KERAS_BACKEND ?= jax

.PHONY: demo demo-study test test-full test-layers lint types contracts check clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing normcast into $(VENV) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing normcast and its test tools into $(VENV) ..."
	@$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/core.stamp

demo: $(VENV)/core.stamp  ## forecast the shipped weather data: leaves forecast.csv and report.html
	@$(BIN)/normcast demo

demo-study: $(VENV)/core.stamp  ## measure 22 placements on the shipped data: leaves study.db and study.html, opens it
	@$(BIN)/normcast study demo --open

test: $(VENV)/dev.stamp  ## the suite without what is marked slow
	$(BIN)/python -m pytest -n auto -m "not slow"

test-full: $(VENV)/dev.stamp  ## all of the suite, the slow tests too
	$(BIN)/python -m pytest -n auto

test-layers: $(VENV)/dev.stamp  ## all tests of the layers on JAX
	$(BIN)/python -m pytest -n auto tests/layers

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

contracts: $(VENV)/dev.stamp  ## who may import whom
	$(BIN)/lint-imports

check: lint types contracts

clean:
	rm -rf $(VENV) forecast.csv report.html

# The layers on the other two backends, in a venv of their own: nothing else needs either.
BACKENDS_VENV ?= .venv-backends
ifeq ($(OS),Windows_NT)
BACKENDS_BIN := $(BACKENDS_VENV)/Scripts
else
BACKENDS_BIN := $(BACKENDS_VENV)/bin
endif
BACKENDS_PIP := $(BACKENDS_BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# JAX goes first: it saves the models that the other two must read to the same output. `make test` runs the rest on it.
# One thread each, since pytest runs one process per core.
ON_BACKEND = TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 NORMCAST_EXCHANGE=$(BACKENDS_VENV)/exchange \
	$(BACKENDS_BIN)/python -m pytest -n auto -p no:warnings

$(BACKENDS_VENV)/stamp: pyproject.toml constraints.txt tests/requirements-backends.txt
	@echo "Installing normcast and the other backends into $(BACKENDS_VENV) ..."
	@$(PYTHON) -m venv $(BACKENDS_VENV)
	@$(BACKENDS_PIP) --editable ".[dev]" --requirement tests/requirements-backends.txt
	@touch $@

.PHONY: test-backends test-backends-full
test-backends: $(BACKENDS_VENV)/stamp  ## the layers on JAX, TensorFlow and torch, in short
	KERAS_BACKEND=jax $(ON_BACKEND) tests/layers/test_exchange.py tests/layers/test_recurrent_contract.py -m "not slow"
	KERAS_BACKEND=tensorflow $(ON_BACKEND) tests/layers -m "not slow"
	KERAS_BACKEND=torch $(ON_BACKEND) tests/layers -m "not slow"

test-backends-full: $(BACKENDS_VENV)/stamp  ## all tests of the layers on JAX, TensorFlow and torch
	KERAS_BACKEND=jax $(ON_BACKEND) tests/layers
	KERAS_BACKEND=tensorflow $(ON_BACKEND) tests/layers
	KERAS_BACKEND=torch $(ON_BACKEND) tests/layers
