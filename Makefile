# Everything a person does with this repository. `make help` lists it.
#
# A machine needs git, make and Python >= 3.11 with venv; the rest is installed into .venv
# from the lock files, each file checked against its hash.

SHELL := /bin/sh
PY := .venv/bin/python
PYTEST_ARGS ?= -n auto --dist loadgroup
SERVE_ARGS ?=
UPGRADE ?=
BENCH_ARGS ?=
PACKAGE ?=

.DEFAULT_GOAL := help
.PHONY: run demo test check format lock audit wheel docs bench translations clean help environment

run: ## start Signet on http://127.0.0.1:8000 (SERVE_ARGS="--port 9000")
	@.ci/environment runtime
	@exec .venv/bin/signet serve $(SERVE_ARGS)

demo: environment ## start Signet with a sample user, a sample app and a sample API
	@exec $(PY) examples/demo.py

test: environment ## run every test (PYTEST_ARGS="tests/tokens -x")
	@.ci/node_packages || echo "Tests that need the npm packages are skipped." >&2
	@$(PY) -m pytest $(PYTEST_ARGS)

check: environment ## format, lint, types, layers and house rules, in seconds
	@$(PY) -m ruff format --check --quiet . || { echo "make format puts this right"; exit 1; }
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(PY) -m pytest tests/architecture -q

format: environment ## format the code and repair what can be repaired
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format .

lock: environment ## rewrite the lock files (UPGRADE=1 for all, PACKAGE=flask for one)
	@.ci/lock $(if $(UPGRADE),--upgrade) $(if $(PACKAGE),--upgrade-package "$(PACKAGE)")

audit: environment ## look for known vulnerabilities in what is locked
	@$(PY) -m pip_audit --require-hashes --disable-pip -r requirements.lock

wheel: environment ## build dist/*.whl
	@$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

docs: environment ## rewrite the generated references: settings, commands, what tests prove
	@.venv/bin/signet reference settings > docs/settings.md
	@.venv/bin/signet reference cli > docs/cli.md
	@$(PY) docs/coverage.py > docs/protocol-coverage.md

bench: environment ## measure the server, as ratios to this machine's own rates (BENCH_ARGS="--only refresh")
	@$(PY) bench/run.py $(BENCH_ARGS)

translations: environment ## collect new strings and compile every language
	@.ci/translations

clean: ## remove what was built; keys and data stay
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find app tests migrations examples bench -name __pycache__ -type d -prune \
		-exec rm -rf {} + 2>/dev/null || true

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 22

environment:
	@.ci/environment dev
