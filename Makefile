# Everything runs in .venv/, which the first target that needs it makes.
# PYTHON_FOR_VENV is any Python from 3.11 on; ARGS goes to the demo, the tests or a benchmark.

PYTHON_FOR_VENV ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
ARGS ?=
# Where the environment forbids it, each process that a test starts compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=
TESTS_OF_SDIST := tests/models tests/rules tests/shops/test_tiny.py tests/test_checks.py \
	tests/test_docs.py tests/test_packaging.py tests/test_public_names.py

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint audit package bench check

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## Make .venv/ with the package, the example project and all tools

demo: $(INSTALLED) ## A shop and a simulated Amazon in step (ARGS=--once ends after the table)
	$(PYTHON) example_project/demo.py $(ARGS)

# Browsers, commands and timeouts are waited for: three processes keep two cores busy. What ARGS
# says goes before: ARGS="-m '' --hypothesis-profile=ci" tries all that .ci/run does.
test: $(INSTALLED) ## The tests, on SQLite, without any service and what takes long
	$(PYTHON) -m pytest -n 3 --dist worksteal --hypothesis-profile=quick \
		-m "not (any_database or thorough)" $(ARGS)

lint: $(INSTALLED) ## Style, types and the rule who may import whom
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	PYTHONPATH=. $(PYTHON) -m mypy
	PYTHONPATH=. $(VENV)/bin/lint-imports

audit: $(INSTALLED) ## Known vulnerabilities in what the package needs, and secrets in any file
	$(PYTHON) .ci/vulnerabilities.py
	git ls-files -z --cached --others --exclude-standard | xargs -0 \
		$(VENV)/bin/detect-secrets-hook --no-verify --baseline .secrets.baseline

package: $(INSTALLED) ## Sdist and wheel in dist/, and the tests of the unpacked sdist
	rm -rf build dist
	$(PYTHON) -m build -qq --no-isolation --outdir dist
	$(PYTHON) -m twine check --strict dist/*
	mkdir dist/unpacked
	tar --extract --gzip --strip-components 1 --directory dist/unpacked --file dist/*.tar.gz
	cd dist/unpacked && $(abspath $(PYTHON)) -m pytest -n 2 $(TESTS_OF_SDIST)
	rm -r dist/unpacked

bench: $(INSTALLED) ## The ratios of docs/performance.md
	$(PYTHON) benchmarks/run.py $(ARGS)

check: ## What CI runs: everything above, with PostgreSQL, Redis and a Celery worker
	.ci/run

$(INSTALLED): setup.cfg setup.py pyproject.toml
	@$(PYTHON_FOR_VENV) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON_FOR_VENV=python3.12"; exit 1; }
	@test -x $(PYTHON) || $(PYTHON_FOR_VENV) -m venv $(VENV) \
		|| { echo "No virtual environment could be made; Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	$(PYTHON) -m pip install --quiet --editable '.[test]'
	@touch $@
