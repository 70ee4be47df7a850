# The two commands of the README are `make report` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
export OMP_NUM_THREADS := 1
# Hundreds of processes are started here; where bytecode may not be written, each would compile the whole stack anew.
unexport PYTHONDONTWRITEBYTECODE
# Tests at once. Each worker imports everything anew, so more than the cores of a small machine gain little.
WORKERS ?= 2
RECENT = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=python3.12, say" >&2; exit 6; }

.PHONY: help report test test-slow test-statistical test-all lab lint lock wheel tables demo track-record bench pictures
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# uv comes from the same lock, by its own hashes; where it cannot be had, pip installs the same packages in some minutes.
.venv/installed: requirements.lock pyproject.toml
	@$(RECENT)
	$(PYTHON) -m venv .venv
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv.lock
	@if $(PIP) --require-hashes -r .venv/uv.lock && $(UV) --require-hashes -r requirements.lock; then \
	  $(UV) --no-deps --no-build-isolation -e .; \
	else \
	  echo "uv could not install here: pip installs the same lock, which takes some minutes" >&2; \
	  $(PIP) --require-hashes -r requirements.lock && $(PIP) --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

report: .venv/installed ## install, run the default quarter, print where its page is
	$(BIN)/dunghen run parameters/khanh-hoa-2021/2021-Q3.yml

test: .venv/installed ## the fast tests
	$(BIN)/python -m pytest -m "not slow and not statistical" -n $(WORKERS) --dist worksteal

# tests/conftest.py puts the longest files first; pytest-xdist would begin with those that have most tests.
test-slow: .venv/installed ## the tests that start kernels, a browser or a cluster, or compute whole quarters
	$(BIN)/python -m pytest -m slow -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-statistical: .venv/installed ## the tests that grade probabilities and intervals on simulated or public panels
	$(BIN)/python -m pytest -m statistical -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-all: .venv/installed ## all of them
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lab: .venv/installed ## JupyterLab on the summary notebook
	$(BIN)/jupyter lab notebooks/report/00_summary.ipynb

lint: .venv/installed ## format, lint, types, notebooks without outputs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/nbstripout --keep-id --verify notebooks/*/*.ipynb

pictures: .venv/installed ## take the pictures of the tour anew (needs Chromium)
	@for language in vi en; do \
	  $(BIN)/dunghen run parameters/khanh-hoa-2021/2021-Q3.yml --language $$language --reports .pictures/$$language && \
	  $(BIN)/python docs/pictures.py .pictures/$$language $$language || exit; \
	done; rm -rf .pictures

tables: .venv/installed ## write docs/tables.md again, every column of every table
	$(BIN)/python tests/tables_md.py > docs/tables.md

demo: .venv/installed ## write the simulated province again
	$(BIN)/dunghen demo

lock: .venv/installed ## pin what pyproject.toml asks for, with hashes and without addresses
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra cluster --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --quiet -o requirements.lock
	$(BIN)/python tests/environment_yml.py > environment.yml

wheel: .venv/installed ## what an office installs: dist/dung_hen-….whl, built without an index
	$(BIN)/hatchling build -t wheel

track-record: .venv/installed ## grade the method on public data again (about 25 minutes; DUNGHEN_REAL_DATA says where they are)
	@test -d "$(DUNGHEN_REAL_DATA)" || \
	  { echo "set DUNGHEN_REAL_DATA to the folder with govuk/, nhs_ae/ and boston311/" >&2; exit 2; }
	rm -rf .track-record
	$(BIN)/dunghen backtest govuk-digital=$(DUNGHEN_REAL_DATA)/govuk/panel.csv --members all \
	  --out .track-record/govuk-digital
	$(BIN)/dunghen backtest nhs-late=$(DUNGHEN_REAL_DATA)/nhs_ae/panel.csv --rule at_most --year-start 4 \
	  --members all --out .track-record/nhs-late
	for panel in govuk-digital nhs-late; do for table in years calibration places; do \
	  cp .track-record/$$panel/$$table.csv data/track_record/$$panel/; done; done
	$(BIN)/python benchmarks/dated_items.py --out data/track_record/dated-items
	$(BIN)/python benchmarks/after_a_break.py --out data/track_record/after-a-break
	rm -rf .track-record

bench: .venv/installed ## the figures of the benchmarks, side by side (about 20 minutes)
	$(BIN)/python benchmarks/ingest.py --out benchmarks/ingest.md
	$(BIN)/python benchmarks/forecast.py
	$(BIN)/python benchmarks/publish.py --out benchmarks/publish.md
