# make run: from nothing to a running Deskbot.   make test: everything that must hold before a commit.
# Needs a Python of 3.11 or newer, nothing else; another one than python3: make run PYTHON=python3.12

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
INSTALL := $(PIP) install --require-hashes --requirement
# The project itself, in place: its build tool is pinned in the requirements as well.
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .
PYTHON ?=
ARGS :=
CONFIG :=
# More than cores: doors, deliveries and faults mostly wait.
WORKERS ?= 3

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run install dev peers test format-check lint types imports tests format bench faults fuzz lock clean

help:
	@echo 'make run      install into $(VENV) and run Deskbot (with another configuration: CONFIG=my.toml)'
	@echo 'make test     all set-up, then format check, lint, types, import contracts and tests'
	@echo 'make tests    the tests alone (ARGS="tests/peers -x")'
	@echo 'make format   format the code and repair what the linter can'
	@echo 'make faults   the long form of the fault harness: kill -9 again and again'
	@echo 'make fuzz     the long form of the property-based tests'
	@echo 'make bench    measure (ARGS="--quick"); figures go to bench/results'
	@echo 'make lock     pin the dependencies anew (ARGS=--upgrade for the newest)'
	@echo 'make clean    remove what make has made; var/, with its tickets, stays'

run: install
	@$(BIN)/deskbot $(if $(CONFIG),--config $(CONFIG)) run $(ARGS)

# -- set-up: each stamp says which requirements are installed ------------------------------------------------

install: $(VENV)/installed
dev: $(VENV)/installed-dev

$(BIN)/python:
	@sh setup/venv.sh $(VENV) "$(PYTHON)"

$(VENV)/installed: requirements.txt pyproject.toml $(BIN)/python
	@echo 'Installing Deskbot into $(VENV)'
	@$(INSTALL) requirements.txt
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt pyproject.toml $(BIN)/python
	@echo 'Installing Deskbot and its tools into $(VENV)'
	@$(INSTALL) requirements-dev.txt
	@$(INSTALL_SELF)
	@touch $@ $(VENV)/installed

peers: dev
	@sh setup/peers.sh $(VENV)

# -- checks: make names the one that fails --------------------------------------------------------------------

test: dev peers format-check lint types imports tests

format-check: dev
	@echo '== format'
	@$(BIN)/ruff format --check .

lint: dev
	@echo '== lint'
	@$(BIN)/ruff check .

types: dev
	@echo '== types'
	@$(BIN)/mypy

imports: dev
	@echo '== import contracts'
	@$(BIN)/lint-imports

tests: dev
	@echo '== tests'
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

format: dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

faults: dev peers
	@$(BIN)/python -m pytest -m faults $(ARGS)

fuzz: dev
	@$(BIN)/python -m pytest -m fuzz $(ARGS)

bench: dev peers
	@$(BIN)/python -m bench $(ARGS)

# -- pins -----------------------------------------------------------------------------------------------------

# From the public index alone, whatever this machine's pip is set up with, so that the hashes hold everywhere.
COMPILE := env -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL -u PIP_FIND_LINKS PIP_CONFIG_FILE=/dev/null \
	$(BIN)/pip-compile --no-config --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host
PINS := requirements.txt requirements-dev.txt requirements-peers.txt

lock: dev
	@$(COMPILE) $(ARGS) --build-deps-for=editable -o requirements.txt pyproject.toml
	@$(COMPILE) $(ARGS) --build-deps-for=editable --extra=dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	@$(COMPILE) $(ARGS) -c requirements-dev.txt -o requirements-peers.txt setup/peers.in
	@sed -i '1i # Pinned by "make lock" from pyproject.toml; not to be edited by hand.' $(PINS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find bot tests bench -name __pycache__ -prune -exec rm -rf {} +
