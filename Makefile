# The commands of the README. CMake and Ninja do the building: see CMakePresets.json.
PYTHON  ?= /usr/bin/python3
PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)
PORT    ?= 2222

.DEFAULT_GOAL := build

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: deps
deps: ## install what is missing to build and test (the only step that uses the network)
	@scripts/deps.sh

.PHONY: build
build: ## build the library and the programs into build/release
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),>/dev/null)
	@cmake --build build/release -j $(JOBS)

.PHONY: run
run: ## install what building needs, build, serve a demo folder on a loopback port, and show how to reach it
	@scripts/deps.sh --build
	@cmake --preset release -DBUILD_TESTING=OFF -DSALLY_EXAMPLES=OFF -B build/run >/dev/null
	@cmake --build build/run -j $(JOBS)
	@scripts/run-demo.sh build/run/cmd/sallyport $(PORT)

.PHONY: check
check: deps ## install what is missing, build, and run every test
	@$(PYTHON) tests/run.py --jobs $(JOBS)

.PHONY: check-long
check-long: ## the same, with long fuzzing, soaks, the full matrices and more clients
	@scripts/deps.sh --long
	@$(PYTHON) tests/run.py --long --jobs $(JOBS)

.PHONY: bench
bench: deps ## measure, side by side with others, which it unpacks into .deps
	@bench/peers.sh
	@bench/run.sh

.PHONY: bench-quick
bench-quick: deps ## the same in two minutes, with less to go by
	@bench/run.sh --quick

.PHONY: reference
reference: ## make reference pages from the headers with Doxygen, in build/release/reference/html
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),>/dev/null)
	@cmake --build build/release --target reference

.PHONY: install
install: build ## install below PREFIX (DESTDIR is honoured)
	@cmake -DCMAKE_INSTALL_PREFIX=$(PREFIX) build/release >/dev/null
	@DESTDIR=$(DESTDIR) cmake --install build/release

.PHONY: uninstall
uninstall: ## remove what `make install` has installed below PREFIX (DESTDIR is honoured)
	@DESTDIR=$(DESTDIR) cmake -DPREFIX=$(PREFIX) -P build/release/uninstall.cmake

.PHONY: clean
clean: ## remove everything that was built
	@rm -rf build
