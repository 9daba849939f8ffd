# `make help` lists the targets.
PYTHON ?= python3
CONFIG ?= config/config.yaml
CORES ?= all
# On SLURM: allocation or jobs
WAY ?= allocation
# The folder of the real tweets, for `make real`
DATA ?= data
# The index that torch is installed from; the CPU build: https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Call the interpreter by its path and the tools as modules, so that the folder can be moved.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help run partial status slurm real test lint audit rulegraph picture bench scale clean
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; choose one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is needed: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

# A variable's value for the shell, whatever characters it has.
quoted = '$(subst ','\'',$(value $(1)))'

# A stamp is written at the end, so that an interrupted installation is repeated.
$(VENV)/run.stamp: envs/run.txt envs/torch.txt | $(VENV)/pyvenv.cfg
	@echo "Installing the pinned environment into $(VENV) (once; takes some minutes)"
	@$(INSTALL) --require-hashes -r envs/run.txt
	@$(INSTALL) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -r envs/torch.txt
	@for site in $(VENV)/lib/python3.*/site-packages; do \
	  echo ../../../../workflow > $$site/tweetrnn.pth; done
	@touch $@

$(VENV)/test.stamp: envs/test.txt $(VENV)/run.stamp
	@echo "Installing the test extras"
	@$(INSTALL) --require-hashes -r envs/test.txt
	@touch $@

# A random.py in this folder is not Python's.
run partial status slurm: export PYTHONSAFEPATH := 1
run: $(VENV)/run.stamp  ## run the pipeline and print its answer (CONFIG=config/airline.yaml: the real tweets; VERBOSE=1: Snakemake's output)
	@$(BIN)/python -m tweetrnn run --cores $(CORES) --configfile=$(call quoted,CONFIG) $(if $(VERBOSE),--verbose)

partial: $(VENV)/run.stamp  ## report on the finished runs, while others run or after some failed
	@$(BIN)/python -m snakemake --configfile=$(call quoted,CONFIG) --nolock --cores 1 partial

status: $(VENV)/run.stamp  ## show the progress of the trainings
	@$(BIN)/python -m tweetrnn status --configfile=$(call quoted,CONFIG)

slurm: $(VENV)/run.stamp  ## run the pipeline on a SLURM cluster, in one job (SBATCH="--ntasks=32": its size; WAY=jobs: a job for each training)
	@$(BIN)/python -m tweetrnn submit --configfile=$(call quoted,CONFIG) --way $(WAY) $(if $(SBATCH),--sbatch=$(call quoted,SBATCH))$(if $(VERBOSE), --verbose) $(SUBMIT)

real: $(VENV)/run.stamp  ## run the presets on the real tweets in DATA and check their values (UPDATE=1: store them; REFERENCE=1: also the reference's presets)
	@$(BIN)/python benchmarks/real.py --data=$(call quoted,DATA) --cores $(CORES) $(if $(UPDATE),--update) $(if $(REFERENCE),--reference)

test: $(VENV)/test.stamp  ## run all tests
	@tests/run_all $(BIN)/python

lint: $(VENV)/test.stamp  ## check format and style
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .
	@$(BIN)/python -m snakefmt --check Snakefile workflow
	@$(BIN)/python -m snakemake --lint

audit:  ## check the pinned packages for known vulnerabilities (needs the network)
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@.venv-audit/bin/python -m pip_audit --disable-pip --require-hashes -r envs/run.txt -r envs/test.txt

# A separate environment: the pipeline does not need Keras and TensorFlow.
.venv-bench/bench.stamp: benchmarks/requirements.txt envs/torch.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/requirements.txt
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -r envs/torch.txt
	@touch $@

bench: .venv-bench/bench.stamp  ## compare the training with Keras and plain torch (half an hour; BENCH=--quick: a short check)
	@PYTHONPATH=workflow .venv-bench/bin/python benchmarks/bench.py $(BENCH)

scale: $(VENV)/test.stamp  ## measure 1.6 million tweets and grids of 2,000 runs (half an hour)
	@$(BIN)/python benchmarks/scale.py

rulegraph: $(VENV)/run.stamp  ## redraw the report's diagram of the rules (needs graphviz)
	@$(BIN)/python -m snakemake all --rulegraph 2>/dev/null | sed -E \
	  -e 's/, color = "[^"]*", style="rounded"//; s/penwidth=2, color=grey/color="#59626d"/' \
	  -e 's/penwidth=2\]/fontcolor="#1b1f24", color="#0b62a4"]/' \
	  -e 's/fontname=sans,/fontname="DejaVu Sans",/; s/bgcolor=white/bgcolor=none/' \
	  | tred | dot -Tsvg > workflow/tweetrnn/reporting/templates/rulegraph.svg

picture:  ## take the README's picture again, the top of the demo report (needs chromium, and `make run` before)
	@chromium --headless --no-sandbox --hide-scrollbars --window-size=1280,640 --force-device-scale-factor=1.5 \
	  --screenshot=docs/report.png results/demo/report/report.html

clean:  ## delete the environments and all results
	rm -rf $(VENV) .venv-bench .venv-audit results .snakemake build workflow/*.egg-info
