# Entry point of all tasks of the project.
#
#   make fit     fit the shipped claims and write lossmodel-report/
#   make test    fast tests
#   make check   format, lint, types
#
# Tasks run in a virtual environment, which is created on first use from constraints.txt.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
# Errors only: warnings of pip concern the machine, not the project. Modules are compiled when they
# are first imported, which most never are: an installation takes two thirds of the time.
PIP := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check -c constraints.txt
# Set in many containers, it would have every process compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

# The first Python >= 3.11 that starts and can create a virtual environment. Each candidate is run,
# because version managers leave wrappers on the PATH that only print an error.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help data fit test check slow notebooks paper format clean radford history backtests \
	docs outputs check-dist fuzz wars calibration arms posterior-sbc copies next-claim parts refits \
	agreement bench bench-quick

help:
	@sed -n '3,5s/^# *//p' Makefile

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# A stamp is newer than both files if the installation is up to date.
$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two, once" >&2
	@$(PIP) -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two, once" >&2
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two, once" >&2
	@$(PIP) -e '.[bench]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two, once" >&2
	@$(PIP) -e '.[docs]'
	@touch $@ $(VENV)/installed

fit: $(VENV)/installed
	$(BIN)/lossmodel fit $(ARGS)

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile -m 'not slow and not notebook' $(ARGS)

check: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

slow: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -m slow $(ARGS)

notebooks: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -m notebook $(ARGS)

# Runs the notebooks and keeps their outputs; ARGS="01 03" runs some.
outputs: $(VENV)/installed-test
	$(BIN)/python notebooks/outputs.py $(ARGS)

# The documentation site in build/docs. Warnings are errors, and internal links are checked. Pages
# that compute are kept in build/docs-cache until the package or its data change.
docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx -q -W --keep-going -n -d build/docs-cache/doctrees docs build/docs $(ARGS)
	$(BIN)/python docs/tools/links.py build/docs

# The sdist and the wheels: built, checked, and one tried in a fresh environment, which needs a few
# minutes and the package index; ARGS=--no-install builds and checks only.
check-dist: $(VENV)/installed-test
	$(BIN)/python -m tests.check_dist $(ARGS)

# Hostile tables, folders, saved fits, priors, import files and queries, and fits that are killed, in
# about ten minutes; ARGS="--seed 2" makes others, ARGS="--scale 5 --only tables" more of one kind.
fuzz: $(VENV)/installed-test
	$(BIN)/python -m tests.fuzz $(ARGS)

# ARGS="--fit lossmodel-report" uses an existing fit.
paper: $(VENV)/installed
	@command -v latexmk >/dev/null || { echo "make: latexmk is not installed; on Debian: apt-get install latexmk texlive-latex-recommended texlive-fonts-recommended texlive-latex-extra" >&2; exit 2; }
	$(BIN)/python -m paper.build $(ARGS)
	cd paper && latexmk -pdf -interaction=nonstopmode -halt-on-error -quiet paper.tex

format: $(VENV)/installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The public sets from which parts of the shipped war come, fetched on first use and checked against
# their hashes: which rows of claims.csv differ from them.
data: $(VENV)/installed
	$(BIN)/python benchmarks/shipped_data.py

# The 4,609 reports of Radford et al. (2023), downloaded on first use: comparison of totals.
radford: $(VENV)/installed
	$(BIN)/python benchmarks/radford.py $(ARGS)

# Leave-one-war-out prediction of past wars, against rules of thumb.
history: $(VENV)/installed
	$(BIN)/python benchmarks/history.py score

# Past wars, each fitted without its own cluster of history, beside rules of thumb; the scores are
# kept in data/wars/. ARGS="--war kargil1999" fits one of them and keeps nothing.
wars: $(VENV)/installed
	$(BIN)/python benchmarks/wars.py $(ARGS)

# Backtests of the shipped war and the Battle of Britain: claims published by a date, against later
# truth; and revisions of estimates between dates, of the shipped war and of simulated ones.
backtests: $(VENV)/installed
	$(BIN)/python benchmarks/calibration.py backtests
	$(BIN)/python benchmarks/calibration.py revisions

# Simulated wars, then misspecified ones; finished fits are stored, so that a run resumes.
calibration: $(VENV)/installed
	$(BIN)/python benchmarks/calibration.py sound
	$(BIN)/python benchmarks/calibration.py broken
	$(BIN)/python benchmarks/calibration.py nuts

# Simulated wars of another make, in arms of fixed size: 4,000 fits in four hours on two cores;
# ARGS="--wars 60" runs fewer.
arms: $(VENV)/installed
	$(BIN)/python benchmarks/arms.py $(ARGS)

# Posterior simulation-based calibration of the shipped fit; ARGS="--replicates 20" runs fewer.
posterior-sbc: $(VENV)/installed
	$(BIN)/python benchmarks/posterior_sbc.py $(ARGS)

# Ablation: estimates and scores without each model component.
parts: $(VENV)/installed
	$(BIN)/python benchmarks/parts.py

# Unmarked relays: the known ones of the shipped claims with their marks hidden, found again.
copies: $(VENV)/installed
	$(BIN)/python benchmarks/copies.py

# Narrowing by the next claim in past wars, expected and realised.
next-claim: $(VENV)/installed
	$(BIN)/python benchmarks/next_claim.py run

# Run time of twenty leave-one-claimant-out refits of the shipped conflict.
refits: $(VENV)/installed
	$(BIN)/python benchmarks/refits.py

# Laplace beside nuts on every submodel; references are stored, so that a run resumes. Takes hours;
# ARGS="battle-of-britain --seconds 300" compares one conflict.
agreement: $(VENV)/installed
	$(BIN)/python benchmarks/agreement.py $(ARGS)

# The engines against PyMC, WALNUTS, nutpie and NumPyro on the same densities: a table, and
# benchmarks/results/latest.json. Takes hours; ARGS="--case shipped --road pymc" runs one pair.
bench: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks.bench $(ARGS)

# The shipped claims with laplace, nuts and PyMC; the runs are short, so ratios are approximate.
bench-quick: $(VENV)/installed
	$(BIN)/python -m benchmarks.bench --quick $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
