# The doors of the project. Every one sets up what it needs: a virtual environment, the data, the run.
# `make report` executes the chapters that need it and builds the site, `make help` names the others.
# What is up to date, `python -m helpers` decides, by digests; here is nothing but doors.

PYTHON ?= python3
ONLY   ?= all
JOBS   ?= 2
BIN    := .venv/bin
RUN    := $(BIN)/python -m helpers
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
NBVAL  := -p tests.nbval_options --nbval --nbval-current-env --nbval-cell-timeout=600
# A user's settings for pip may say where packages come from, but not where they go.
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-user --target= --prefix="$$PWD/.venv"
NEW    := outputs/cache/requirements
LOCK   := mkdir -p outputs/cache; exec 9> outputs/cache/.setup.lock; if command -v flock >/dev/null; then flock 9; fi

unexport $(filter PYTHON% PYTEST_%,$(.VARIABLES))
.NOTPARALLEL:
.PHONY: help setup dev data report figures run train smoke store bench lab site gpu test quick test-all lint unit notebooks upgrade clean

help:  ## say what each door does
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

# --- set-up ----------------------------------------------------------------------------------------------------------

# .venv/ready is a copy of the pins as they were installed, and written last: without it, all is begun anew. The project itself,
# their last line, is built by what they bring. Two set-ups at once wait for one another where there is flock.
setup:  ## make the virtual environment .venv with what reading and running needs
	@fresh() { $(BIN)/python -c '' && cmp -s requirements.txt .venv/ready; } 2>/dev/null; \
	fail() { echo "error: $$1" >&2; exit 2; }; fresh && exit 0; \
	mkdir -p outputs/cache 2>/dev/null && [ -w . ] && [ -w outputs/cache ] || fail "this folder may not be written by you"; \
	$(LOCK); fresh && exit 0; \
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
		|| fail "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is none of them; name one, as in: make PYTHON=python3.12 report"; \
	echo "setup: installing the requirements into .venv (some minutes, about 3.5 GB)"; \
	$(PYTHON) -m venv --clear .venv || fail "no virtual environment could be made; on Debian: apt-get install python3-venv"; \
	grep -v '^-e' requirements.txt | $(PIP) -r /dev/stdin && $(PIP) --no-deps --no-build-isolation --editable . \
		&& env -u KERAS_BACKEND $(BIN)/python -Ic 'import helpers.core.backend, numba, papermill, nbval, sklearn, sphinx' \
		|| fail "the packages could not be installed; see above, and run the same command again"; \
	$(BIN)/python -m compileall -q -j 0 .venv/lib helpers >/dev/null 2>&1; cp requirements.txt .venv/ready

dev: setup  ## add what only the tests need
	@cmp -s requirements-dev.txt .venv/ready-dev && exit 0; $(LOCK); \
	$(PIP) -r requirements-dev.txt && $(BIN)/python -Ic 'import hypothesis, playwright, ruff, xdist' && cp requirements-dev.txt .venv/ready-dev \
		|| { echo "error: the tests' packages could not be installed; see above, and run the same command again" >&2; exit 2; }

data: setup  ## find or fetch Fashion-MNIST and verify it -> outputs/cache/
	@$(RUN) data

# Report and train use an NVIDIA GPU where nvidia-smi answers; GPU=1 insists on it, GPU=0 installs nothing for it.
gpu: setup
	@case "$(GPU)" in 1) $(RUN) gpu;; "") ! nvidia-smi -L >/dev/null 2>&1 || $(RUN) gpu --if-usable;; esac

# --- read, re-execute, regenerate ------------------------------------------------------------------------------------

report: gpu data  ## execute the chapters and build the site and the PDF (GPU=1: on an NVIDIA GPU) -> outputs/site/index.html
	@$(RUN) run --jobs $(JOBS) all && $(RUN) site --if-changed && echo "report: open outputs/site/index.html"

run: data  ## execute the chapters that need it, or ONLY=04_mlp -> outputs/executed/
	@$(RUN) run --jobs $(JOBS) $(ONLY)

figures: run  ## the same: the chapters draw the figures that are missing or out of date -> figures/

outputs/executed/%.ipynb: data
	@$(RUN) run $*

site: setup  ## build the site again from the last run
	@$(RUN) site

store: data  ## write the executed outputs back into notebooks/
	@$(RUN) run --jobs $(JOBS) $(ONLY) && $(RUN) store $(filter-out all,$(ONLY))

lab: data  ## open JupyterLab on the notebooks
	@$(RUN) lab

# --- longer runs -----------------------------------------------------------------------------------------------------

train: gpu data  ## train what is missing, one network after the other, or ONLY=cnn/v1, ONLY=04_mlp; resumes -> outputs/models/
	@$(RUN) train $(filter-out all,$(ONLY)) && echo "train: the networks and their cards are in outputs/models/; now make report"

smoke: data  ## try every line on a sliver of the data, or ONLY=04_mlp -> outputs/smoke/
	@$(RUN) run --profile smoke --jobs $(JOBS) $(ONLY)

bench: data  ## measure speed and cost, or ONLY=engine, training, report, pca_logit -> outputs/results/benchmarks.json
	@for name in $(patsubst all,engine training report,$(ONLY)); do echo "bench: $$name"; $(BIN)/python -m tests.benchmarks.bench_$$name || exit 2; done

# --- tests -----------------------------------------------------------------------------------------------------------

test: lint data  ## lint, unit tests, the notebooks' stored outputs, a smoke run of chapter 05
	@$(PYTEST) $(NBVAL) -m "not slow" tests notebooks && echo "test: everything passed"

quick: dev data  ## the tests that need neither Keras nor papermill nor a browser, in under a minute
	@$(PYTEST) --quick tests

test-all: lint data smoke  ## everything: the slow tests, too, and a smoke run of all chapters
	@$(PYTEST) $(NBVAL) tests notebooks && echo "test-all: everything passed"

lint: dev  ## ruff
	@$(BIN)/python -m ruff check --quiet . && $(BIN)/python -m ruff format --check --quiet . && echo "lint: clean"

unit: dev data  ## the unit tests, without the slow ones
	@$(PYTEST) -m "not slow" tests

notebooks: dev data  ## whether the notebooks' stored outputs come out again
	@$(PYTEST) $(NBVAL) notebooks

# All are resolved together, and change only if any differs; then setup installs them.
upgrade: setup  ## resolve the direct requirements of pyproject.toml anew, install them and run everything
	@compile="$(BIN)/python -m uv pip compile --quiet --universal --no-header --python-version 3.11 pyproject.toml"; \
	$(PIP) uv && rm -f $(NEW)* && $$compile --upgrade --extra dev --no-annotate --output-file $(NEW).all \
		&& cp $(NEW).all $(NEW).txt && $$compile --output-file $(NEW).txt && echo '-e .' >> $(NEW).txt \
		|| { rm -f $(NEW)*; echo "error: no newer packages could be resolved; the pins are left as they were" >&2; exit 2; }; \
	grep -vxFf $(NEW).txt $(NEW).all > $(NEW)-dev.txt; \
	if cmp -s $(NEW).txt requirements.txt && cmp -s $(NEW)-dev.txt requirements-dev.txt; then echo "upgrade: every package is the newest that fits"; \
		else mv $(NEW).txt $(NEW)-dev.txt .; echo "upgrade: there are new pins; 'git checkout requirements*.txt' brings back the old ones"; fi; rm -f $(NEW)*
	@$(MAKE) --no-print-directory report test

clean:  ## remove all that a run made, and the environment; keeps what git tracks
	@rm -rf .venv outputs/.site-* outputs/cache outputs/executed outputs/runs outputs/site outputs/smoke outputs/training outputs/run.json *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +; find . -name '.*.partial*' -delete -o -name '.*.lock' -delete
