# The front door. `make help` lists what there is; Meson and Ninja do the work.
#
# BUILD=dir       where to build (build)
# JOBS=n          how many things at once
# PREFIX, DESTDIR where `make install` puts it (/usr/local)
# FUZZ_SECONDS=n  how long `make fuzz` runs each target (10)
# SETUP=no        never try to install packages
# VICEROY=yes     `make install` also makes a link named viceroy

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 10
SETUP ?= yes
VICEROY ?= no
NINJA_FLAGS = $(if $(JOBS),-j $(JOBS))

# The build folder may be anywhere; Wasmtime and the guests are shared by all kinds of build.
wasmtime = $$(tools/get-wasmtime $(BUILD)/deps)
adapter = $$(tools/get-adapter $(BUILD)/deps || true)
guests = $(BUILD)/guests

# $(call configure,FOLDER,MESON OPTIONS): sets the folder up, or again when a file that Meson looks for came or went.
define configure
	@mkdir -p $(1)
	@tools/list-found >$(1)/found.new
	@if [ ! -f $(1)/build.ninja ]; then \
		meson setup $(1) --prefix=$(PREFIX) --libdir=lib -Dwasmtime="$(wasmtime)" -Dadapter="$(adapter)" -Ddeps="$(abspath $(BUILD)/deps)" $(2) >$(1)/setup.log || \
			{ cat $(1)/setup.log; exit 1; }; \
	elif ! cmp -s $(1)/found.new $(1)/found; then \
		meson setup --reconfigure $(1) >$(1)/setup.log || { cat $(1)/setup.log; exit 1; }; \
	fi
	@mv $(1)/found.new $(1)/found
endef

.PHONY: all setup build program demo guests some-guests check unit e2e abi-audit asan clang fuzz bench cache-tests wpt nextest tidy lint format format-check install docs docs-check \
	clean distclean help

all: build ## installs what is missing (where it may), then builds build/backlot

setup:
ifeq ($(SETUP),yes)
	@tools/setup build
endif
	@tools/get-wasmtime $(BUILD)/deps >/dev/null
	@tools/get-adapter $(BUILD)/deps >/dev/null || true
	@tools/get-js $(BUILD)/deps >/dev/null

build: setup
	$(call configure,$(BUILD))
	@ninja -C $(BUILD) $(NINJA_FLAGS)

# What a first look needs, without the tests and benchmarks.
program: setup
	$(call configure,$(BUILD))
	@ninja -C $(BUILD) $(NINJA_FLAGS) backlot

guests: ## builds the Wasm guests that the tests and examples run
ifeq ($(SETUP),yes)
	@tools/setup guests || true
endif
	@tools/build-guests $(abspath $(guests))

# Where a language's tools are missing, the tests of its guests are skipped, and say so; .ci/run takes that for failure.
some-guests:
	@$(MAKE) --no-print-directory guests || echo "make: going on without the guests that could not be built" >&2

demo: program ## builds the example shops with the real SDKs, in Rust and in JavaScript, and tests them with one suite
ifeq ($(SETUP),yes)
	@tools/setup node rust
endif
	@tools/build-guests $(abspath $(guests)) example-js
	@tools/build-guests $(abspath $(guests)) example-rust || echo "make: going on without the shop in Rust" >&2
	@tools/demo $(BUILD)/backlot examples

check: build some-guests ## runs every test; ends with "N passed, N failed"
	@tools/check --build $(BUILD) --guests $(guests)

unit: build ## runs the unit and contract tests alone
	@tools/check --build $(BUILD) --only unit,contract,fuzz

abi-audit: build ## looks whether each host call has a test that fails when the call does nothing
	@tools/abi-audit --build $(BUILD)

e2e: build some-guests ## runs the end-to-end tests alone
	@tools/check --build $(BUILD) --guests $(guests) --only e2e

asan: setup some-guests ## the whole suite under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call configure,$(BUILD)/asan,$(sanitize))
	@ninja -C $(BUILD)/asan $(NINJA_FLAGS)
	@tools/check --build $(BUILD)/asan --guests $(guests)

clang: setup ## builds with clang, so that its warnings are heard too
	$(call configure_clang,$(BUILD)/clang,)
	@ninja -C $(BUILD)/clang $(NINJA_FLAGS)

fuzz: setup ## runs every fuzz target for FUZZ_SECONDS over its corpus (clang)
ifeq ($(SETUP),yes)
	@tools/setup dev
endif
	$(call configure_clang,$(BUILD)/fuzz,-Dfuzz=true $(sanitize))
	@ninja -C $(BUILD)/fuzz $(NINJA_FLAGS)
	@tools/fuzz --build $(BUILD)/fuzz --seconds $(FUZZ_SECONDS)

cache-tests: build some-guests ## the public suite for HTTP caches, against serve (fetches it from npm)
	@tools/cache-tests $(BUILD) $(guests)

wpt: build ## Web Platform Tests in the JavaScript runtime (fetches Debian's sources of nodejs, which have them)
	@tools/wpt $(BUILD)

nextest: build some-guests ## runs Rust tests through cargo-nextest
	@tools/nextest $(BUILD) $(guests)

bench: build some-guests ## measures
	@tools/bench $(BUILD) $(guests)

tidy: build ## layers, headers that build alone, the rules of CONTRIBUTING.md
	@tools/check-layers
	@tools/check-headers $(BUILD)
	@tools/list-source | $(BUILD)/tools/tidy

lint: build ## clang-tidy over what Git says has changed; LINT=all for everything
	@tools/lint $(BUILD) $(LINT)

format: ## lays out all C code by .clang-format
	@tools/list-source c | xargs -r clang-format -i
	@tools/list-source c | xargs -r tools/wrap-comments

format-check: ## fails when `make format` would change something
	@tools/list-source c | xargs -r clang-format --dry-run -Werror
	@tools/list-source c | xargs -r tools/wrap-comments --check

install: build ## installs below PREFIX
	@if ! grep -qsxF '$(PREFIX)' $(BUILD)/prefix; then \
		meson setup --reconfigure $(BUILD) --prefix='$(PREFIX)' >$(BUILD)/setup.log || \
			{ cat $(BUILD)/setup.log; exit 1; }; \
		ninja -C $(BUILD) $(NINJA_FLAGS) >/dev/null && echo '$(PREFIX)' >$(BUILD)/prefix; \
	fi
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild --quiet
ifeq ($(VICEROY),yes)
	@ln -sf backlot "$(DESTDIR)$(PREFIX)/bin/viceroy"
endif

docs: build ## prints the reference pages of docs/reference from their tables
	@tools/make-docs $(BUILD)

docs-check: build ## fails when `make docs` would change something
	@tools/make-docs $(BUILD) check

clean: ## removes what was compiled, keeps the guests and what was fetched
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -name guests ! -name deps -exec rm -rf {} + 2>/dev/null || true

distclean: ## removes the build folder with all it holds
	@rm -rf $(BUILD)

help:
	@echo "Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@echo "Settings:"
	@sed -n 's/^# \([A-Z_, ]*\(=[a-z]*\)\{0,1\} .*\)/  \1/p' Makefile

comma = ,
sanitize = -Db_sanitize=address$(comma)undefined -Db_lundef=false -Doptimization=1
configure_clang = $(call configure,$(1),$(2))
# Meson reads the compilers from the environment once, when it sets a folder up.
clang fuzz: export CC = clang
clang fuzz: export CXX = clang++
