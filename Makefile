# What people and CI run. Each target sets up what it needs and says nothing when all is there already.
.PHONY: run demo test test-faults compose-test check bench lock clean
.SILENT:

SETUP = python=$$(sh scripts/find-python.sh) && "$$python" -m scripts.setup
PYTEST = .venv/bin/python -m pytest

run:
	$(SETUP) run && exec .venv/bin/python -m scripts.run $(RUN_ARGS)

demo:
	$(SETUP) dev && exec .venv/bin/python -m scripts.demo

test:
	$(SETUP) dev && $(PYTEST) -q -m "not faults and not compose" -n 3 --dist loadfile $(PYTEST_ARGS) && npm --prefix gateway/web test --silent

test-faults:
	$(SETUP) dev && $(PYTEST) -q -m faults --timeout 1800 $(PYTEST_ARGS)

compose-test:
	$(SETUP) dev && .venv/bin/python -m bench.containers && $(PYTEST) -q -m compose --timeout 900 $(PYTEST_ARGS) tests/compose

check:
	$(SETUP) dev
	.venv/bin/ruff check --quiet
	.venv/bin/ruff format --check --quiet
	.venv/bin/mypy --no-error-summary
	.venv/bin/lint-imports --no-logo
	npm --prefix gateway/web run --silent check

bench:
	$(SETUP) dev && .venv/bin/python -m bench

lock:
	$(SETUP) dev && .venv/bin/python -m scripts.lock
