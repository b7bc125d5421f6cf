# The only door: everything that this project can do starts here.
#
#   make fit     fit the shipped claims and write lossmodel-report/
#   make test    the fast tests
#   make check   format, lint, types
#
# All of it happens in a virtual environment of its own, made on first use from constraints.txt.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
# Errors only: what pip warns of is the machine's business.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt

# The first Python >= 3.11 that starts and can make a virtual environment. A name on the PATH
# proves nothing: version managers leave wrappers that only complain.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help fit test check slow notebooks paper format clean radford history backtests \
	calibration parts refits bench bench-quick

help:
	@sed -n '3,5s/^# *//p' Makefile

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The stamps stand for "installed from these two files": nothing is installed twice.
$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two and is done once" >&2
	@$(PIP) -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two and is done once" >&2
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing into $(VENV), which takes a minute or two and is done once" >&2
	@$(PIP) -e '.[bench]'
	@touch $@ $(VENV)/installed

fit: $(VENV)/installed
	$(BIN)/lossmodel fit $(ARGS)

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -m 'not slow and not notebook' $(ARGS)

check: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

slow: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -m slow $(ARGS)

notebooks: $(VENV)/installed-test
	$(BIN)/python -m pytest -q -m notebook $(ARGS)

# ARGS="--fit lossmodel-report" takes a fit that is there already.
paper: $(VENV)/installed
	@command -v latexmk >/dev/null || { echo "make: latexmk is not installed; on Debian: apt-get install latexmk texlive-latex-recommended texlive-fonts-recommended texlive-latex-extra" >&2; exit 2; }
	$(BIN)/python -m paper.build $(ARGS)
	cd paper && latexmk -pdf -interaction=nonstopmode -halt-on-error -quiet paper.tex

format: $(VENV)/installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The 4,609 reports of Radford et al. (2023), fetched on first use: our totals beside theirs.
radford: $(VENV)/installed
	$(BIN)/python benchmarks/radford.py $(ARGS)

# Every past war predicted from the others, beside rules of thumb.
history: $(VENV)/installed
	$(BIN)/python benchmarks/history.py score

# Both shipped conflicts, claims frozen at a date, against what became known later.
backtests: $(VENV)/installed
	$(BIN)/python benchmarks/calibration.py backtests

# Simulated wars, then the same wars broken; what is finished is kept and taken up again.
calibration: $(VENV)/installed
	$(BIN)/python benchmarks/calibration.py sound
	$(BIN)/python benchmarks/calibration.py broken
	$(BIN)/python benchmarks/calibration.py nuts

# Answers and scores with one part of the model off at a time.
parts: $(VENV)/installed
	$(BIN)/python benchmarks/parts.py

# Seconds to leave each of twenty claimants out of the shipped conflict.
refits: $(VENV)/installed
	$(BIN)/python benchmarks/refits.py

# Our engines beside stock PyMC, nutpie and NumPyro on the same densities; the table and
# benchmarks/results/latest.json. It takes hours; ARGS="--case shipped --road pymc" does one pair.
bench: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks.bench $(ARGS)

# The shipped claims by laplace, nuts and stock PyMC; short runs, of which the ratios are rough.
bench-quick: $(VENV)/installed
	$(BIN)/python -m benchmarks.bench --quick $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
