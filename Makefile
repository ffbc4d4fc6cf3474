# Two commands do everything on a fresh Debian machine: `make demo` and `make test`.
# They install what is missing (and say so) and are quick the second time.

RUN := .venv/bin
FOR_DEMO := mosquitto:mosquitto stm32flash:stm32flash flashrom:flashrom
FONT := /usr/share/fonts/truetype/wqy/wqy-microhei.ttc:fonts-wqy-microhei
BOOT_LOADERS := /usr/share/arduino/hardware/arduino/avr/bootloaders/optiboot/optiboot_atmega328.hex:arduino-core-avr
SIMAVR := gcc:gcc /usr/include/simavr/sim_avr.h:libsimavr-dev /usr/include/libelf.h:libelf-dev $(BOOT_LOADERS)
PROGRAMMERS := avrdude:avrdude openocd:openocd dfu-util:dfu-util $(SIMAVR)
FOR_TEST := $(FOR_DEMO) $(FONT) $(PROGRAMMERS) pdftotext:poppler-utils v4l2-ctl:v4l-utils sigrok-cli:sigrok-cli mbpoll:mbpoll node:nodejs npm:npm pg_ctlcluster:postgresql
export BENCHWRIGHT_TEST_DATABASE ?= sqlite,postgresql
# Two a core: tests wait for more than half of their time.
WORKERS ?= $(shell echo $$(( 2 * $$(nproc) )))
# A file goes to one worker: those with tests of many seconds first, so that none of them runs alone at the end.
LONG_FIRST := $(addprefix tests/,system tui peers edge_agent drivers benchwright) tests
# Thousands of small databases are flushed to the disk in the tests; in memory that takes no time.
SCRATCH := $(shell [ -w /dev/shm ] && [ $$(df -Pk /dev/shm | awk 'END {print $$4}') -gt 4000000 ] && echo /dev/shm)

# Where it is set, each of the hundreds of processes that the tests start would compile all of our modules anew.
unexport PYTHONDONTWRITEBYTECODE

# Programs that benchmarks and some tests compare with and nothing else needs; numpy and scipy are ours for all.
PEERS := adctoolbox==0.9.1 rigolwfm==1.6.0 kaitaistruct==0.11 soundfile==0.14.0 cffi==2.1.1 pycparser==3.12 \
	matplotlib==3.11.2 contourpy==1.3.3 cycler==0.12.1 fonttools==4.68.0 kiwisolver==1.5.1 pillow==13.0.0 \
	pyparsing==3.3.3 python-dateutil==2.9.0.post0 six==1.17.0 packaging==26.4
WITH_PEERS = [ "$$(cat .venv/peers/list 2>/dev/null)" = "$(strip $(PEERS))" ] || { \
	$(RUN)/pip install -q --upgrade --target .venv/peers --no-deps $(PEERS) && echo "$(strip $(PEERS))" > .venv/peers/list; }

.PHONY: help demo test check bench campaign docs lock clean
help:  ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## Watch one device being repaired, end to end (DEMO="--keep" leaves it running)
	@scripts/setup.sh $(FOR_DEMO)
	@$(RUN)/benchwright demo $(DEMO)

test:  ## Run the whole test suite
	@scripts/setup.sh $(FOR_TEST)
	@$(WITH_PEERS) || echo "make: no programs to compare with; their tests are skipped"
	@PYTEST_DEBUG_TEMPROOT=$(SCRATCH) scripts/suite.sh -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(or $(TESTS),$(LONG_FIRST))

check:  ## Style, types, floors
	@scripts/setup.sh
	@$(RUN)/ruff format --check --quiet .
	@$(RUN)/ruff check --quiet .
	@$(RUN)/mypy
	@$(RUN)/lint-imports --no-cache
	@scripts/check_neutral.sh

bench:  ## Speed and memory as ratios, measured in one run
	@scripts/setup.sh $(FOR_TEST)
	@$(WITH_PEERS) || echo "make: no programs to compare with; their rows are left out"
	@$(RUN)/python -m benchmarks $(BENCH)

campaign:  ## The long versions: 10^4 kills, 10^6 fuzz inputs, new examples of every property
	@scripts/setup.sh $(FOR_TEST)
	@CAMPAIGN=1 $(RUN)/pytest -q -m "campaign or hypothesis" --timeout=0 $(TESTS)

docs:  ## Write the generated documents
	@scripts/setup.sh
	@$(RUN)/python -m scripts.generate

lock:  ## Lock the newest allowed dependencies with hashes
	@$(RUN)/pip install --quiet uv
	@$(RUN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --upgrade -o requirements.lock --quiet

clean:  ## Remove everything that the other targets made
	@rm -rf .venv .benchwright tests/asyncapi/node_modules build *.egg-info \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
