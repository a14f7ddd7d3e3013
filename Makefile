# Needs Python 3.11 or later with pip, and nothing else: each target sets up .venv when requirements.txt or setup.cfg changed.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

# Files of tests run beside each other, on as many cores as there are, up to four.
BESIDE := --numprocesses auto --maxprocesses 4 --dist loadfile

LOCK = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.DEFAULT_GOAL := help
.PHONY: help demo test check lint bench eval endurance lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 11

demo: $(READY) ## a server with the DHS record in it, and a token to try
	$(BIN)/onrecord demo

test: $(READY) ## the tests
	$(BIN)/python -m pytest $(BESIDE)

check: lint test ## everything that CI checks: lint, types, import contracts, tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## the measurements of docs/performance.md
	$(BIN)/python -m tests.bench

eval: $(READY) ## how well matching finds claims: MAP, MRR, recall; SET="--claims F --queries F --qrels F" for your own
	$(BIN)/python -m tests.eval $(SET)

endurance: $(READY) ## kills a server a thousand times under load; KILLS=200 for fewer, SEED=1 for the same again
	$(BIN)/python -m tests.faults --kills $(or $(KILLS),1000) $(if $(SEED),--seed $(SEED))

# The header names this target instead of a command line, and no index: the file says what is installed, not from where.
lock: $(READY) ## requirements.txt, and those of semantic matching, from the pins in setup.cfg, with hashes
	$(LOCK) --extra postgresql --output-file requirements.txt setup.cfg
	$(LOCK) --extra postgresql --extra semantic --output-file requirements-semantic.txt setup.cfg

clean: ## removes what was built
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(READY): requirements.txt setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
