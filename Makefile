# The two commands of the README are `make demo` and `make test`. Recipes quote "$(CURDIR)": the
# checkout may stand in a path with spaces.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# llamacpp, vllm: real, on the CPU; ollama, sglang, tgi, triton: SIMULATED
ENGINE ?= llamacpp
# SIMULATED GPUs of new lab hosts: rtx4090, 8xh100 … (none by default)
GPUS ?=
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests that run side by side; each has a lab of its own.
WORKERS ?= 2
DONE := $(VENV)/.installed
# Scanners of the tests, which want other versions of packages than firstlight.
SCANNERS := $(VENV)/scanners/.installed
export ENGINE GPUS
# Without byte-code every single command compiles 300 modules anew: 0.4 s of a core.
unexport PYTHONDONTWRITEBYTECODE

# On CI what failed is tried once more in a second run, one after the other and with new labs, up to
# the first that fails again: what only failed on a busy machine passes, what is broken does not.
# (PYTEST_ARGS=-x is for people: what it left out is not in the second run.)
PYTEST := "$(BIN)/python" -m pytest
AGAIN := --last-failed --last-failed-no-failures none --maxfail 1
tested = $(PYTEST) $(1) --cache-clear || { code=$$?; [ "$${CI-}" = true ] && [ "$$code" = 1 ] || exit "$$code"; \
  echo "TRIED ONCE MORE, one after the other: what failed above"; $(PYTEST) $(1) -n 0 $(AGAIN); }

.PHONY: help demo test vm unit lint requirements bench clean-lab clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(DONE): requirements/dev.txt requirements/build.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Installing Python's venv module (python3-venv)"; \
	  $(SUDO) apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null; \
	  $(SUDO) apt-get -q -y -o DPkg::Lock::Timeout=300 install python3-venv >/dev/null; }
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install -q --require-hashes -r requirements/build.txt
	"$(BIN)/python" -m pip install -q --require-hashes -r requirements/dev.txt
	"$(BIN)/python" -m pip install -q --no-deps --no-build-isolation -e .
	@touch "$(DONE)"

demo: $(DONE) ## From nothing to a streamed completion, on a lab host (ENGINE=vllm, GPUS=rtx4090)
	@"$(BIN)/firstlight" lab up --engine "$(ENGINE)" $(if $(GPUS),--gpus "$(GPUS)")
	@"$(BIN)/firstlight" keys issue demo --once --site "$${FIRSTLIGHT_LAB:-lab}"
	@"$(BIN)/pyinfra" -y inventories/lab.py deploys/stack.py
	@echo "$(if $(filter ollama sglang tgi triton,$(ENGINE)),The engine is SIMULATED: no model was asked.,The tiny model's weights are random: its words are noise.) What they prove is the path."

$(SCANNERS): $(DONE) requirements/scan.txt
	"$(PYTHON)" -m venv "$(VENV)/scanners"
	"$(VENV)/scanners/bin/python" -m pip install -q --require-hashes -r requirements/scan.txt
	@touch "$(SCANNERS)"

test: $(DONE) $(SCANNERS) ## All tests, the lab's too where it can run
	@$(call tested,-n "$(WORKERS)" --dist loadfile -m "not vm and not alone" $(PYTEST_ARGS))
	@$(call tested,-m "vm or alone" tests/lab $(PYTEST_ARGS))

vm: $(DONE) ## The tests on an emulated machine with a kernel of its own: beside nothing else
	@"$(BIN)/python" -m pytest -m vm tests/lab/vm $(PYTEST_ARGS)

unit: $(DONE) ## The tests that need no host
	@"$(BIN)/python" -m pytest -m "not lab" $(PYTEST_ARGS)

lint: $(DONE) ## Style and types
	@"$(BIN)/ruff" check .
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/mypy"

bench: $(DONE) ## Phases, SSH commands and bytes of a fresh and of a no-op run
	@"$(BIN)/python" -m benchmarks.corridor

requirements: ## Pin the requirements anew, by hash
	@"$(PYTHON)" -m venv "$(VENV)-pin" && "$(VENV)-pin/bin/pip" install -q pip-tools
	@for out in build dev scan; do in="requirements/$$out.in"; \
	  "$(VENV)-pin/bin/pip-compile" -q --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/$$out.txt $$in; done
	@rm -rf "$(VENV)-pin"

clean-lab: ## Take away everything the lab put on this machine
	@if [ -x "$(BIN)/firstlight" ]; then "$(BIN)/firstlight" lab down --all --purge; fi

clean: clean-lab ## The lab, the virtual environment and the site's state in .firstlight
	rm -rf "$(VENV)" .firstlight .pytest_cache .mypy_cache .ruff_cache .hypothesis
