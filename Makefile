# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# Every target sets up what it needs: a bare machine with Python, pip and make is enough, and a second run starts
# at once. With a ROS 2 workspace sourced, the distribution's own packages are used in place of the PyPI ones.
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu    the small torch build, for machines without a GPU

PYTHON ?= python3
TORCH_INDEX ?=
DEMO_ARGS ?=
VIEW ?=
PYTEST_ARGS ?=
FRAMES ?=
CHAOS_ARGS ?=
CHECKED := test/core test/contracts test/test_imports.py test/test_rooms.py pip_ros/test
PAGES = $(wildcard *.md docs/*.md docs/*/*.md models/*/*.md)
# The rules of harper that are right about technical English; its others mark units, lists and names.
GRAMMAR := AnA AnAnother DidPast DoubleModal DoubleNegative InflectedVerbAfterTo ItsContraction ItsPossessive \
 ModalOf MoreBetter PronounVerbAgreement RepeatedWords ThenThan ThereIsAgreement ToTo UnclosedQuotes \
 WillNonLemma

HAS_ROS := $(if $(ROS_DISTRO),$(shell $(PYTHON) -c 'import rclpy' 2>/dev/null && echo yes))
VENV := $(if $(HAS_ROS),.venv-$(ROS_DISTRO),.venv)
BIN := $(VENV)/bin
VENV_FLAGS := $(if $(HAS_ROS),--system-site-packages)
CHECK_PYTHON := import sys; sys.version_info >= (3, 10) or sys.exit("promptda_ros needs Python 3.10 or newer, \
 $(PYTHON) is " + sys.version.split()[0] + ": name another one, for example make $(MAKECMDGOALS) PYTHON=python3.12")
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check lint style types words format benchmark chaos accuracy gpu clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo       replay a camera recording through the node; results in demo_output/'
	@echo '                VIEW=1 ends with a live page in the browser, until Ctrl-C'
	@echo 'make test       every test, with line coverage'
	@echo 'make check      the tests that need no running node and no training, in about a minute'
	@echo 'make lint       ruff (make style), mypy (make types), spelling and grammar (make words)'
	@echo 'make format     let ruff format and sort the code'
	@echo 'make benchmark  time everything, half an hour on an idle machine; a page in docs/benchmarks/'
	@echo 'make chaos      put a node with three cameras through every fault for half an hour: CHAOS_ARGS="--minutes 5"'
	@echo 'make gpu        the tests and the suite for a CUDA card, minutes; results in benchmark_output/gpu/'
	@echo 'make accuracy   the tables of docs/accuracy.md from your frames: make accuracy FRAMES="FOLDER ..."'
	@echo 'make clean      remove virtual environments and everything the targets wrote'

demo: $(VENV)/.demo
	$(BIN)/promptda demo $(if $(VIEW),--view) $(DEMO_ARGS)

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal \
	  --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

check: $(VENV)/.test
	$(BIN)/python -m pytest -q $(CHECKED) $(PYTEST_ARGS)

lint: style types words

style: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

words: $(VENV)/.test
	git ls-files -z | xargs -0 $(BIN)/codespell -D - -D .ci/words.txt
	$(BIN)/harper lint --quiet --format compact --dialect british $(GRAMMAR:%=--only %) $(PAGES)

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(VENV)/.demo
	$(BIN)/python -m benchmarks.stages
	$(BIN)/python -m benchmarks.network
	$(BIN)/python -m benchmarks.clouds
	$(BIN)/python -m benchmarks.registration
	$(BIN)/python -m benchmarks.hop_latency
	$(BIN)/python -m benchmarks.node_latency
	$(BIN)/python -m benchmarks.cameras
	$(BIN)/python -m benchmarks.process_bag
	$(BIN)/python -m benchmarks.up_to_date
	-$(BIN)/python -m benchmarks.page_cost
	-$(BIN)/python -m benchmarks.garbage_camera
	-$(BIN)/python -m benchmarks.decoder_fuzz --messages 10000
	-$(BIN)/python -m benchmarks.pairing_oracle --messages 1000000
	$(BIN)/python -m benchmarks.report

chaos: $(VENV)/.demo
	$(BIN)/python -m benchmarks.chaos $(CHAOS_ARGS)

gpu: $(VENV)/.test
	PYTHON=$(abspath $(BIN)/python) benchmarks/on_a_card.sh benchmark_output/gpu

accuracy: $(VENV)/.sim
	$(BIN)/python -m benchmarks.accuracy $(FRAMES) --page docs/accuracy.md
	$(BIN)/python -m benchmarks.real_points $(FRAMES)

clean:
	rm -rf .venv .venv-* build install log demo_output benchmark_output evaluation_output view_output *.egg-info pip_ros/build pip_ros/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian's Python comes without ensurepip; its pip can fill a virtual environment all the same.
$(VENV)/.created:
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@$(PYTHON) -m venv $(VENV_FLAGS) $(VENV) >/dev/null \
	  || { $(PYTHON) -m venv --clear --without-pip $(VENV_FLAGS) $(VENV) \
	       && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@touch $@

# numpy stays at the distribution's version: its compiled packages are built against that one.
$(VENV)/constraints.txt: $(VENV)/.created
	@$(if $(HAS_ROS),$(PYTHON) -c 'import numpy; print(f"numpy=={numpy.__version__}")' >,touch) $@

$(VENV)/.torch: requirements/torch.txt $(VENV)/constraints.txt
	@echo 'Installing torch, a large download ...'
	@$(PIP_INSTALL) -r $< -c $(VENV)/constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
	@touch $@

$(VENV)/.demo: requirements/demo.txt requirements/without_ros.txt setup.py setup.cfg $(VENV)/.torch
	@echo 'Installing the requirements ...'
	@$(PIP_INSTALL) -c $(VENV)/constraints.txt -r requirements/demo.txt $(if $(HAS_ROS),,-r requirements/without_ros.txt)
	@$(if $(HAS_ROS),:,$(PIP_INSTALL) --no-deps --editable pip_ros)
	@$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.sim: requirements/sim.txt $(VENV)/.demo
	@echo 'Installing the simulator ...'
	@$(PIP_INSTALL) -c $(VENV)/constraints.txt -r requirements/sim.txt
	@touch $@

$(VENV)/.test: requirements/test.txt requirements/demo.txt requirements/sim.txt $(VENV)/.demo
	@echo 'Installing the test tools ...'
	@$(PIP_INSTALL) -c $(VENV)/constraints.txt -r requirements/test.txt
	@touch $@
