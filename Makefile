# faiss-fleet: `make audit` looks at this machine, `make test` runs every test. `make help` lists the rest.
SHELL := /bin/sh
BIN := .venv/bin
INVENTORY ?= inventory/local

.DEFAULT_GOAL := help
.PHONY: help venv audit demo test test-all test-packages lint unit faults bench lock clean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## .venv with the controller's packages from the hash-locked list, and the command faiss-fleet
	@tools/make-venv .venv requirements/controller.txt

audit: venv ## audit this very machine (or make audit INVENTORY=prod)
	@$(BIN)/ansible-playbook audit.yml -i $(INVENTORY) $(ARGS)

demo: venv ## audit six stand-in hosts together (podman) and leave a report to look at
	@tools/demo

test: ## install what the tests need and run them: what a change has to pass
	@tools/install-test-packages
	@tests/run

test-all: ## slow tests too: every engine, build, FAISS release and soak test
	@tools/install-test-packages
	@tests/run --all

test-packages:
	@tools/install-test-packages
	@tools/make-venv .venv requirements/test.txt --no-compile

lint: test-packages ## ruff, mypy, the import contracts, ansible-lint
	@tests/run lint

unit: test-packages ## the fast tests, on this Python and on 2.7 and 3.6
	@tests/run unit python2.7 python3.6

faults: test-packages ## inject every fault into hosts, wire and controller, and print what survived
	@$(BIN)/python -m tests.faults $(ARGS)

bench: ## benchmarks: prints ratios, judges nothing
	@tools/make-venv .venv requirements/test.txt --no-compile
	@for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

lock: ## write the lock files again (wants uv)
	@tools/lock

clean: ## remove the environments and caches of this directory; reports stay
	rm -rf .venv .cache .import_linter_cache .mypy_cache .ruff_cache .pytest_cache
