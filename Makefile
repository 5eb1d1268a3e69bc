# The commands of a checkout. Windows without make: see README.md, "Windows".
PYTHON ?= python3
MAKEFLAGS += --no-print-directory
IN_VENV := .venv/bin/python -m
# Two test processes on two cores: each with one thread of its own.
TEST_ENV := OMP_NUM_THREADS=1 OPENIMAGEIO_THREADS=1
# What NukeX imports runs on Python 3.9 too; 3.10 is the lowest that mypy knows.
LIGHT := errors _files _process _yaml checks nk graph recipes ledger project jobs host plugin panel
PYTEST := $(TEST_ENV) $(IN_VENV) pytest -q

.PHONY: setup demo test test-slow test-all lint templates docs-pictures

setup:  ## make .venv (Python 3.11 with film-recovery in it)
	@$(PYTHON) setup_env.py

demo:  ## recover real footage; the last line is one JSON object with the figures
	@$(PYTHON) setup_env.py demo
	@.venv/bin/film-recovery demo

test:  ## all but the slow tests, after the checks of style, types and imports
	@$(PYTHON) setup_env.py test
	@$(MAKE) lint
	@$(PYTEST) -n 2 -m "not slow"

test-slow:
	@$(PYTHON) setup_env.py slow
	@$(PYTHON) setup_env.py light-slow
	@$(PYTEST) -n 2 -m slow

test-all: test test-slow  ## and the slow tests

templates: setup  ## write templates/ anew, after a change to the graph or to a gizmo
	@$(IN_VENV) film_recovery.graph.templates

docs-pictures:  ## draw the templates (needs Chromium) and photograph the panel to docs/pictures
	@$(PYTHON) setup_env.py panel
	@.venv/bin/python docs/make_pictures.py
	@.venv/bin/python docs/make_panel_pictures.py

lint:
	@$(PYTHON) setup_env.py panel
	@$(IN_VENV) ruff check .
	@$(IN_VENV) ruff format --check -q .
	@$(IN_VENV) mypy
	@$(IN_VENV) mypy --python-version 3.10 $(LIGHT:%=-p film_recovery.%) -m init -m menu
	@.venv/bin/lint-imports --no-cache --no-logo
