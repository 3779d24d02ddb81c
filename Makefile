# The doors of the project. Every one sets up what it needs: a virtual environment, the data, the run.
#   make report   execute the chapters that need it, then build the site and the PDF   -> outputs/site/index.html
#   make test     lint, unit tests, the notebooks' stored outputs, the smoke profile
# See `make help` for the others.

PYTHON ?= python3
BIN    := .venv/bin
RUN    := $(BIN)/python -m helpers
READY  := .venv/ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
DATA   := outputs/cache/data-ready

CHAPTERS := $(sort $(basename $(notdir $(wildcard notebooks/[0-9]*.ipynb))))
EXECUTED := $(CHAPTERS:%=outputs/executed/%.ipynb)
ONLY     ?= $(CHAPTERS)
HELPERS  := $(wildcard helpers/*.py helpers/*/*.py helpers/*.yaml)
SITE     := outputs/site/index.html

export PYTHONDONTWRITEBYTECODE :=
unexport PYTHONPATH

.PHONY: help setup environment data report figures train smoke store test lint unit notebooks bench lab site upgrade clean
.DELETE_ON_ERROR:

help:  ## say what each door does
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

# --- set-up ----------------------------------------------------------------------------------------------------------

setup: $(READY)  ## make the virtual environment .venv with the pinned requirements

# Two set-ups at once wait for one another where there is flock; a set-up that was interrupted is begun anew.
$(READY): requirements.txt pyproject.toml
	@mkdir -p outputs/cache
	@$(if $(shell command -v flock),flock outputs/cache/.setup.lock) $(MAKE) --no-print-directory environment

environment:
	@[ -e $(READY) ] && [ ! requirements.txt -nt $(READY) ] && [ ! pyproject.toml -nt $(READY) ] && exit 0; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "error: Python 3.11 or later is needed; name one, as in: make PYTHON=python3.12 report" >&2; exit 2; }; \
	echo "setup: installing the requirements into .venv (some minutes, about 3.5 GB)"; \
	$(PYTHON) -m venv --clear .venv \
		|| { echo "error: no virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 2; }; \
	$(PIP) -r requirements.txt && $(PIP) --no-deps --no-build-isolation --editable . \
		|| { echo "error: the packages could not be installed; see above, and run the same command again" >&2; exit 2; }; \
	$(BIN)/python -m compileall -q -j 0 .venv/lib helpers > /dev/null 2>&1; \
	touch $(READY)

data: $(READY)  ## find or fetch Fashion-MNIST and verify it -> outputs/cache/
	@$(RUN) data

$(DATA): $(READY)
	@$(RUN) data
	@mkdir -p $(@D) && touch $@

# --- read, re-execute, regenerate ------------------------------------------------------------------------------------

report: $(SITE)  ## execute the chapters and build the site and the PDF -> outputs/site/index.html
	@echo "report: open outputs/site/index.html"

figures: $(EXECUTED)  ## draw every figure anew -> figures/
	@echo "figures: drawn by the chapters into figures/, as SVG and PNG"

# A chapter is executed again when its source, a helper that it uses, the data or a stored network is newer. The first
# run writes down which helpers a chapter reaches (outputs/executed/*.d); until then it depends on all of them.
-include $(wildcard outputs/executed/*.d)

outputs/executed/%.ipynb: notebooks/%.ipynb | $(DATA) $(READY)
	@$(RUN) run $*

$(foreach chapter,$(CHAPTERS),$(if $(wildcard outputs/executed/$(chapter).d),,$(eval outputs/executed/$(chapter).ipynb: $(HELPERS))))
outputs/executed/01_playground.ipynb: $(wildcard outputs/results/spiral_search.json)
outputs/executed/02_regularization.ipynb: $(wildcard outputs/results/regularization_search.json)
outputs/executed/04_mlp.ipynb: $(wildcard outputs/models/mlp/*)
outputs/executed/05_cnn.ipynb: $(wildcard outputs/models/cnn/* outputs/results/cnn_*.json)
outputs/executed/06_pca_logit.ipynb: $(wildcard outputs/results/pca_logit_timing.json)

$(SITE): $(EXECUTED) helpers/site.py helpers/notebooks.py helpers/page.py $(wildcard helpers/site_assets/*)
	@$(RUN) site

site: $(READY)  ## build the site again from the last run
	@$(RUN) site

# --- longer runs -----------------------------------------------------------------------------------------------------

train: $(DATA)  ## train every network from scratch, or ONLY=04_mlp; resumes -> outputs/models/
	@$(RUN) run --profile train $(ONLY)
	@echo "train: the networks and their cards are in outputs/models/; now make report"

smoke: $(ONLY:%=smoke-%)  ## try every line on a sliver of the data -> outputs/smoke/

smoke-%: $(DATA)
	@$(RUN) run --profile smoke $*

store: $(EXECUTED)  ## write the executed outputs back into notebooks/
	@$(RUN) store $(ONLY)

bench: $(DATA)  ## run the benchmarks in tests/benchmarks
	@for file in tests/benchmarks/bench_*.py; do $(BIN)/python -m tests.benchmarks.$$(basename $$file .py) || exit 1; done

lab: $(DATA)  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir=. notebooks

# --- tests -----------------------------------------------------------------------------------------------------------

test: lint unit notebooks  ## lint, unit tests, the notebooks' stored outputs, the smoke profile
	@$(MAKE) --no-print-directory -j2 smoke
	@echo "test: everything passed"

lint: $(READY)
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && echo "lint: clean"

unit: $(DATA)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests

notebooks: $(DATA)
	@$(BIN)/python -m pytest -n 2 --dist loadscope -p tests.nbval_options --nbval --nbval-cell-timeout=600 notebooks

upgrade: $(READY)  ## resolve the direct requirements of pyproject.toml anew into requirements.txt
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --no-header --upgrade --python-version 3.11 pyproject.toml --output-file requirements.txt

clean:  ## remove all that a run made, and the environment; keeps what git tracks
	@rm -rf .venv outputs/cache outputs/executed outputs/site outputs/smoke outputs/training outputs/run.json *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name '.*.partial*' -delete -o -name '.*.lock' -delete
