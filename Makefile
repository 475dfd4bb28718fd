# The two commands of the README: `make demo` and `make test`. Everything they need is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt
export KERAS_BACKEND ?= jax
# Python keeps what it compiled: reading the sources of Keras and JAX anew takes each process ten seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-study test test-full test-docs lint types contracts check floors clean

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

test: $(VENV)/dev.stamp  ## the suite, in its short form
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test-full: $(VENV)/dev.stamp  ## all of it, every pair of options of the layers among them
	$(BIN)/python -m pytest -n auto

test-docs: $(VENV)/dev.stamp  ## each block of Python in README.md and docs in a process of its own, and the notebooks
	$(BIN)/python -m pytest -n auto -p no:warnings tests/test_blocks.py tests/test_shipped_notebooks.py

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

contracts: $(VENV)/dev.stamp  ## who may import whom
	$(BIN)/lint-imports

check: lint types contracts

floors: $(VENV)/dev.stamp  ## draw docs/images/floors.svg from the contract
	$(BIN)/python docs/floors.py

$(VENV)/docs.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing normcast and what builds its site into $(VENV) ..."
	@$(PIP) --editable ".[docs]"
	@touch $@

SITE ?= docs/_build/html
PORT ?= 8000
.PHONY: docs docs-serve
docs: $(VENV)/docs.stamp  ## the site of the pages in docs, offline, without a warning
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs $(SITE)
	@echo "$(SITE)/index.html"

docs-serve: docs  ## the same, served on PORT of this machine
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

.PHONY: pictures
pictures: $(VENV)/dev.stamp  ## draw the pictures of docs/gradients.md from the record of `python -m benchmarks gradients`
	$(BIN)/python -m benchmarks.gradients_page

.PHONY: gallery
gallery: $(VENV)/dev.stamp  ## make the reports of docs/gallery.md and, with Chromium, their pictures; minutes
	$(BIN)/python docs/gallery.py

# A wheel that carries native kernels for x86-64 v3 and v4: where it is installed nothing is built.
DIST ?= dist
$(VENV)/wheels.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing normcast and what builds its wheels into $(VENV) ..."
	@$(PIP) --editable ".[wheels]"
	@touch $@

.PHONY: wheels
wheels: $(VENV)/wheels.stamp  ## a wheel with kernels for Linux on x86-64, in DIST
	@rm -rf $(DIST)/plain && mkdir -p $(DIST)/plain
	@NORMCAST_WHEEL=kernels $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir $(DIST)/plain .
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m auditwheel repair --wheel-dir $(DIST) $(DIST)/plain/*.whl
	@rm -rf $(DIST)/plain

$(VENV)/mutants.stamp: tests/requirements-mutants.txt $(VENV)/dev.stamp
	@$(PIP) --requirement tests/requirements-mutants.txt
	@touch $@

SAMPLE ?= 100
SEED ?= 0
MUTANTS ?=
.PHONY: mutants
mutants: $(VENV)/mutants.stamp  ## which changed lines no test sees: SAMPLE of each floor, or MUTANTS="tasks windows"
	$(BIN)/python -m tests.mutation $(MUTANTS) --sample $(SAMPLE) --seed $(SEED)

# The native kernels built with AddressSanitizer and UndefinedBehaviorSanitizer, for their tests and SHAPES calls of
# shapes drawn by chance. Each part of the scratch memory then stands alone.
SHAPES ?= 10000
CXX ?= g++
.PHONY: test-native-sanitized
test-native-sanitized: $(VENV)/dev.stamp
	NORMCAST_CACHE=$(VENV)/sanitized NORMCAST_SHAPES=$(SHAPES) NORMCAST_SEED=$(SEED) ASAN_OPTIONS=detect_leaks=0 \
		NORMCAST_CXXFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all" \
		LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
		$(BIN)/python -m pytest -p no:warnings -p no:cacheprovider tests/kernels -k "native or door"

# Kills at random moments, and files that are damaged: nothing that was done may be lost. Takes an hour.
KILLS ?= 100
FILES ?= 1000
.PHONY: test-faults
test-faults: $(VENV)/dev.stamp  ## kill long work KILLS times each, damage FILES files
	$(BIN)/python -m tests.faults --kills $(KILLS) --seed $(SEED)
	NORMCAST_FAULTS=$(FILES) $(BIN)/python -m pytest -n auto -p no:warnings tests/study/test_faults.py \
		tests/study/test_local.py tests/study/test_migrations.py tests/study/test_ray.py tests/engine/test_checkpoint.py tests/kernels/test_library.py tests/forecasting/test_broken_artefact.py

# Cases that are drawn by chance, at every door by which a file or a text comes in.
CASES ?= 100000
# The second half is guided by coverage; it says so and stops where atheris has no build.
GUIDED ?= 100000
$(VENV)/fuzz.stamp: tests/requirements-fuzz.txt $(VENV)/dev.stamp
	@$(PIP) --only-binary atheris --requirement tests/requirements-fuzz.txt || echo "atheris has no build for this machine."
	@touch $@

.PHONY: test-fuzz
test-fuzz: $(VENV)/fuzz.stamp  ## so many cases of each kind of input, and GUIDED of each door
	NORMCAST_FUZZ=$(CASES) $(BIN)/python -m pytest -n auto -p no:warnings tests/fuzz
	$(BIN)/python -m tests.fuzz.guided --cases $(GUIDED)

.PHONY: audit
audit: $(VENV)/dev.stamp  ## known vulnerabilities of the pinned versions
	@$(PIP) --requirement tests/requirements-audit.txt
	$(BIN)/python -m tests.audit

clean:
	rm -rf $(VENV) forecast.csv report.html study.db study.html .mutants.jsonl

# The oldest and the newest versions that pyproject.toml allows, each in a venv of its own, in short.
VERSIONS := tests/test_seams.py tests/test_plain.py tests/engine/test_twin.py tests/engine/test_train.py tests/data \
	tests/scoring tests/windows tests/models/test_edits.py tests/check/test_rules.py tests/forecasting/test_artefact.py
ifeq ($(OS),Windows_NT)
INSIDE := Scripts
else
INSIDE := bin
endif

.venv-%/stamp: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/$(INSIDE)/python -m pip install --no-compile --quiet --disable-pip-version-check --upgrade \
		$(if $(filter lowest,$*),--constraint constraints-lowest.txt) --editable ".[parquet,polars,test]"
	@touch $@

.PHONY: test-lowest test-newest
test-lowest test-newest: test-%: .venv-%/stamp  ## the versions that Keras, JAX and the others may have
	.venv-$*/$(INSIDE)/python -m pytest -n auto -p no:warnings -m "not slow" $(VERSIONS)

# The baseline that needs aeon, in a venv of its own: aeon holds pandas below what constraints.txt pins.
.venv-aeon/stamp: pyproject.toml tests/requirements-backends.txt
	$(PYTHON) -m venv .venv-aeon
	.venv-aeon/$(INSIDE)/python -m pip install --no-compile --quiet --disable-pip-version-check \
		--editable ".[aeon,test]" "$$(grep ^torch== tests/requirements-backends.txt)"
	@touch $@

.PHONY: test-aeon
test-aeon: .venv-aeon/stamp  ## MultiRocket-Hydra among the baselines, against aeon's own
	KERAS_BACKEND=jax .venv-aeon/$(INSIDE)/python -m pytest -p no:warnings tests/candidates/test_of_cases.py

# Layers, edits and check on the other two backends, in a venv of their own: nothing else needs either.
BACKENDS_VENV ?= .venv-backends
ifeq ($(OS),Windows_NT)
BACKENDS_BIN := $(BACKENDS_VENV)/Scripts
else
BACKENDS_BIN := $(BACKENDS_VENV)/bin
endif
BACKENDS_PIP := $(BACKENDS_BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt
# JAX goes first: it saves the models that the other two must read to the same output. `make test` runs the rest on it.
# One thread each, since pytest runs one process per core.
ON_BACKEND = TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 NORMCAST_EXCHANGE=$(BACKENDS_VENV)/exchange \
	$(BACKENDS_BIN)/python -m pytest -n auto -p no:warnings
SHORT := tests/layers tests/probes tests/check/test_dynamic.py tests/check/test_output.py tests/models/test_diff.py \
	-m "not slow"
FULL := tests/layers tests/probes tests/check tests/models

$(BACKENDS_VENV)/stamp: pyproject.toml constraints.txt tests/requirements-backends.txt
	@echo "Installing normcast and the other backends into $(BACKENDS_VENV) ..."
	@$(PYTHON) -m venv $(BACKENDS_VENV)
	@$(BACKENDS_PIP) --editable ".[onnx,test]" --requirement tests/requirements-backends.txt
	@touch $@

.PHONY: test-backends test-backends-full
test-backends: $(BACKENDS_VENV)/stamp  ## layers, edits and check on JAX, TensorFlow and torch, in short
	KERAS_BACKEND=jax $(ON_BACKEND) tests/layers/test_exchange.py tests/layers/test_export.py tests/probes -m "not slow"
	KERAS_BACKEND=tensorflow $(ON_BACKEND) $(SHORT)
	KERAS_BACKEND=torch $(ON_BACKEND) $(SHORT)

test-backends-full: $(BACKENDS_VENV)/stamp  ## all their tests on JAX, TensorFlow and torch
	KERAS_BACKEND=jax $(ON_BACKEND) $(FULL)
	KERAS_BACKEND=tensorflow $(ON_BACKEND) $(FULL)
	KERAS_BACKEND=torch $(ON_BACKEND) $(FULL)
