# One recipe file for people and for .ci/run. Every path here is relative, so the folder's own name may hold spaces.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Every process of a service would compile the product anew, which doubles the time it takes to start.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# Many tests wait for servers, so six files at a time keep two cores busy.
# Files go in the order tests/conftest.py gives them, the longest first.
PARALLEL := -n 6 --dist loadfile --no-loadscope-reorder
READY := .venv/.ready

# A virtual environment holds absolute paths; one that was moved is made anew.
ifneq ("$(shell cat $(READY) 2>/dev/null)","$(CURDIR)")
.PHONY: $(READY)
endif

.PHONY: help setup up down status test test-fast check chaos bench format lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## set up whatever is missing: virtual environment, libraries, RabbitMQ

$(READY): requirements.lock pyproject.toml bin/setup
	@sh bin/setup

up: $(READY) ## start everything and print the addresses; Ctrl-C ends it
	@$(BIN)/intercoop up

down: $(READY) ## stop what a start in the background left running
	@$(BIN)/intercoop down

status: $(READY) ## addresses, processes, depths and ages
	@$(BIN)/intercoop status

test: $(READY) ## everything: static checks beside every test, on a real broker and database
	@failed=0; checked=$$(mktemp); \
	($(MAKE) check > $$checked 2>&1; verdict=$$?; echo; cat $$checked; rm $$checked; exit $$verdict) & check=$$!; \
	$(BIN)/pytest $(PARALLEL) -m "not long" || failed=1; wait $$check || failed=1; exit $$failed

test-fast: $(READY) ## the tests that neither kill nor freeze a server
	$(BIN)/pytest $(PARALLEL) -m "not chaos and not long and not owns_broker"

check: $(READY) ## the static part: style, types, architecture; says all it finds
	@failed=0; for tool in "ruff check ." "ruff format --check ." mypy lint-imports; do \
	    echo "$(BIN)/$$tool"; $(BIN)/$$tool || failed=1; \
	done; exit $$failed

chaos: $(READY) ## every long form: servers killed, frozen and starved; large files; many made-up requests and examples
	EXAMPLES=more $(BIN)/pytest -m "chaos or long or hypothesis"

bench: $(READY) ## measure against the peers
	$(BIN)/intercoop bench

format: $(READY) ## put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## resolve the dependencies anew, with their hashes
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --all-extras --no-header -o requirements.lock pyproject.toml -q
	$(BIN)/uv pip compile --universal --python-version 3.13 --generate-hashes --no-header -c requirements.lock -o deploy/requirements.lock pyproject.toml deploy/requirements.in -q
	$(BIN)/uv pip compile --universal --python-version 3.13 --generate-hashes --no-header -o deploy/build.lock deploy/build.in -q
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -o benchmarks/requirements.lock benchmarks/requirements.in -q

clean: ## remove the local instance, the virtual environment and caches
	@if [ -x $(BIN)/intercoop ]; then $(BIN)/intercoop down --erase; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
