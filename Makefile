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
HELPERS  := $(wildcard helpers/*.py helpers/*/*.py helpers/report/*.yaml)
SITE     := outputs/site/index.html
BUILT    := $(addprefix outputs/site/,files.txt $(shell cat outputs/site/files.txt 2>/dev/null))

export PYTHONDONTWRITEBYTECODE :=
unexport PYTHONPATH

.PHONY: help setup environment data report figures train smoke store test lint unit notebooks bench lab site upgrade clean
.PHONY: gone  # a prerequisite that stands for a file that should be there: what depends on it is made again
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

# Chapters run JOBS at a time; `make -j4 report` overrides it.
JOBS   ?= 2
ABREAST = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

report: $(DATA)  ## execute the chapters and build the site and the PDF -> outputs/site/index.html
	+@$(ABREAST) $(SITE)
	@echo "report: open outputs/site/index.html"

figures: $(DATA)  ## draw every figure anew -> figures/
	+@$(ABREAST) $(EXECUTED)
	@echo "figures: drawn by the chapters into figures/, as SVG and PNG"

# A chapter is executed again when its source, a helper that it uses, the data or a stored network is newer, or when one
# of its figures, results or networks is gone. The first run writes down which helpers a chapter reaches and what lies
# beside it (outputs/executed/*.d); until then it depends on all helpers.
-include $(wildcard outputs/executed/*.d)

outputs/executed/%.ipynb: notebooks/%.ipynb | $(DATA) $(READY)
	@$(RUN) run $*

$(foreach chapter,$(CHAPTERS),$(if $(wildcard outputs/executed/$(chapter).d),,$(eval outputs/executed/$(chapter).ipynb: $(HELPERS))))
outputs/executed/01_playground.ipynb: outputs/results/spiral_search.json
outputs/executed/02_regularization.ipynb: outputs/results/regularization_search.json
outputs/executed/03_automated_features.ipynb: outputs/results/convergence_grid.json
outputs/executed/04_mlp.ipynb: $(wildcard outputs/models/mlp/*) outputs/results/mlp_search.json outputs/results/mlp_reshuffle.json
outputs/executed/05_cnn.ipynb: $(wildcard outputs/models/cnn/*) outputs/results/cnn_ablation.json outputs/results/cnn_speed.json
outputs/executed/06_pca_logit.ipynb: outputs/results/pca_logit_timing.json

# Long measurements that chapters quote are never made by the way.
ANEW_benchmarks            := make bench
ANEW_cnn_speed             := make bench ONLY=training
ANEW_pca_logit_timing      := make bench ONLY=pca_logit
ANEW_spiral_search         := make train ONLY=01_playground
ANEW_regularization_search := make train ONLY=02_regularization
ANEW_convergence_grid      := make train ONLY=03_automated_features
ANEW_cnn_ablation          := make train ONLY=05_cnn
ANEW_loss_spreads          := make train ONLY=08_what_reproduces
outputs/results/%.json:
	@echo "error: $@ is missing: get it back with 'git checkout -- $@', or make it anew with '$(or $(ANEW_$*),make train ONLY=04_mlp)'" >&2; exit 2

# The last chapter reads what the others found: it runs after them, and again only if what they found has changed. (The
# recipe mostly does nothing, but after it make looks at the age of the file anew.)
LAST  := outputs/executed/08_what_reproduces.ipynb
FOUND := $(patsubst %,outputs/results/%.json,$(filter-out 08_what_reproduces,$(CHAPTERS)))
$(LAST): $(FOUND) outputs/results/loss_spreads.json outputs/results/benchmarks.json $(if $(wildcard outputs/results/ledger.json),,gone)
$(FOUND): outputs/results/%.json: outputs/executed/%.ipynb
	@[ -e $@ ] || $(RUN) run $*

# The site is built again when a chapter was run, or when a file of it is gone: it keeps a list of them.
$(SITE): $(EXECUTED) helpers/report/site.py helpers/report/notebooks.py helpers/report/page.py $(wildcard helpers/report/site_assets/*) \
		$(if $(filter-out $(wildcard $(BUILT)),$(BUILT)),gone)
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

# The half hour of ONLY=pca_logit is taken only where it is asked for.
bench: $(DATA)  ## measure speed and cost, or ONLY=engine, training, report, pca_logit -> outputs/results/benchmarks.json
	@for name in $(if $(filter file,$(origin ONLY)),engine training report,$(ONLY)); do \
		echo "bench: $$name"; $(BIN)/python -m tests.benchmarks.bench_$$name || exit 1; done
	@$(BIN)/python -m tests.benchmarks.gather

lab: $(DATA)  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks

# --- tests -----------------------------------------------------------------------------------------------------------

test: lint unit notebooks  ## lint, unit tests, the notebooks' stored outputs, the smoke profile
	+@$(ABREAST) smoke
	@echo "test: everything passed"

lint: $(READY)
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && echo "lint: clean"

unit: $(DATA)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests

notebooks: $(DATA)
	@$(BIN)/python -m pytest -n 2 --dist loadscope -p tests.nbval_options --nbval --nbval-cell-timeout=600 notebooks

# The new pins take the place of the old ones only once all are resolved, and only if any differs. They are installed and
# tried by a make of its own, for which requirements.txt is the newer file.
PINS := outputs/cache/requirements.new
upgrade: $(READY)  ## resolve the direct requirements of pyproject.toml anew, install them and run everything
	@mkdir -p $(dir $(PINS)); $(PIP) uv && $(BIN)/uv pip compile --quiet --universal --no-header --upgrade --python-version 3.11 pyproject.toml --output-file $(PINS) \
		|| { rm -f $(PINS); echo "error: no newer packages could be resolved; requirements.txt is left as it was" >&2; exit 2; }
	@if cmp -s $(PINS) requirements.txt; then rm $(PINS); echo "upgrade: every package is the newest that fits"; \
		else mv $(PINS) requirements.txt; echo "upgrade: requirements.txt has new pins; 'git checkout requirements.txt' brings back the old ones"; fi
	@$(MAKE) --no-print-directory report
	@$(MAKE) --no-print-directory test

clean:  ## remove all that a run made, and the environment; keeps what git tracks
	@rm -rf .venv outputs/cache outputs/executed outputs/site outputs/smoke outputs/training outputs/run.json *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name '.*.partial*' -delete -o -name '.*.lock' -delete
