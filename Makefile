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

.PHONY: demo test lint types contracts check clean

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

test: $(VENV)/dev.stamp  ## the whole suite
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

contracts: $(VENV)/dev.stamp  ## who may import whom
	$(BIN)/lint-imports

check: lint types contracts

clean:
	rm -rf $(VENV) forecast.csv report.html
