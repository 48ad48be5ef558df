# Builds, tests, checks and installs dpl; "make help" lists the targets.
#
# Variables: CC, CFLAGS, CPPFLAGS, LDFLAGS as everywhere; BUILD, the build directory; T, a Lua pattern
# that chooses tests; TIMES=1 to see which took longest; PREFIX and DESTDIR for "make install";
# WERROR=-Werror to stop at warnings; V=1 to see whole commands.
#
# Parsing this file must work where there is neither a compiler nor pkg-config: what is not found
# is an empty variable, and .ci/packages, run before the first compilation, names what is missing.

BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
WERROR ?=

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- What there is on this machine ----

first_command = $(shell for c in $(1); do command -v $$c >/dev/null && echo $$c && break; done)
lua_version_5_4 = for p in lua5.4 lua-5.4 lua54 lua; do \
    case $$(pkg-config --modversion $$p 2>/dev/null) in (5.4*) echo $$p; break ;; esac; done
LUA ?= $(call first_command,lua5.4 lua54 lua-5.4 lua)
LUA_PC := $(shell $(lua_version_5_4))
ifneq ($(LUA_PC),)
LUA_CFLAGS := $(shell pkg-config --cflags $(LUA_PC))
LUA_LIBS := $(shell pkg-config --libs $(LUA_PC))
LUA_NAME := $(patsubst -l%,%,$(filter -llua%,$(LUA_LIBS)))
LUA_STATIC := $(firstword $(wildcard \
    $(shell pkg-config --variable=libdir $(LUA_PC))/lib$(LUA_NAME).a \
    $(shell $(CC) -print-file-name=lib$(LUA_NAME).a 2>/dev/null)))
endif
ifneq ($(LUA),)
ARGPARSE := $(shell $(LUA) -e 'print(package.searchpath("argparse", package.path) or "")' 2>/dev/null)
endif

# ---- Sources and what is made of them ----

CORE_ROOMS := base schedule simulate strategy analyze model search trace
CORE := $(sort $(wildcard $(CORE_ROOMS:%=core/%/*.c)))
BIND := $(sort $(wildcard core/bind/*.c))
HOST := $(sort $(wildcard core/host/*.c))
# lua/library holds annotations, for editors and for dpl.help: text that nobody requires.
LUA_SOURCES := $(sort $(shell find lua -name '*.lua' 2>/dev/null) \
    $(wildcard lua/dpl/*.js lua/dpl/*.css)) $(ARGPARSE)
SUITES := $(sort $(wildcard tests/test_*.lua)) $(sort $(wildcard tests/stock_*.lua))
C_TESTS := $(sort $(wildcard tests/test_*.c))
# A C test that includes a header of a room looks inside: it links the static library, the others
# the shared one, as a program of a user would.
INNER_TESTS := $(if $(C_TESTS),$(shell grep -l 'include "[a-z_]*/' $(C_TESTS)))
OUTER_TESTS := $(filter-out $(INNER_TESTS),$(C_TESTS))

in_build = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
EMBEDDED_OBJECT := $(BUILD)/obj/embedded.o
CORE_OBJECTS := $(call in_build,$(CORE))
BIND_OBJECTS := $(call in_build,$(BIND)) $(EMBEDDED_OBJECT)
HOST_OBJECTS := $(call in_build,$(HOST))
TEST_PROGRAMS := $(C_TESTS:tests/%.c=$(BUILD)/%)
OBJECTS := $(CORE_OBJECTS) $(BIND_OBJECTS) $(HOST_OBJECTS) \
    $(call in_build,$(C_TESTS) $(wildcard tests/bench.c))

# The version has one home, core/dpl.h.
version_part = $(shell awk '$$2 == "DPL_VERSION_$(1)" { print $$3 }' core/dpl.h 2>/dev/null)
# While the major number is 0 a minor version may change what programs were compiled against.
SONAME := libdpl.so.$(call version_part,MAJOR)$(if $(filter 0,$(call version_part,MAJOR)),.$(call version_part,MINOR))
VERSION := $(call version_part,MAJOR).$(call version_part,MINOR).$(call version_part,PATCH)
SHARED := $(BUILD)/libdpl.so.$(VERSION)

# The interpreter of the default build lies at the top, any other one in its build directory.
DPL := $(if $(filter build,$(BUILD)),./dpl,$(BUILD)/dpl)
PRODUCTS := $(DPL) $(BUILD)/libdpl.a $(BUILD)/libdpl.so $(BUILD)/dpl.so

# ---- Flags ----

WARNINGS := -Wall -Wextra -Wpedantic $(WERROR)
DPL_CPPFLAGS := -Icore -D_POSIX_C_SOURCE=200809L
# The same files come out wherever the tree lies.
DPL_CFLAGS := -std=c11 -fPIC -fvisibility=hidden -ffile-prefix-map='$(CURDIR)'=. $(WARNINGS)
SYSTEM_LIBS := -lm -lpthread
# Sanitized objects of some compilers leave their run time to the executable.
NO_UNDEFINED ?= -Wl,--no-undefined
# The whole of Lua goes into the interpreter and is exported: modules in C that LuaRocks installs
# look for functions that dpl itself may never call.
ifneq ($(LUA_STATIC),)
HOST_LUA := -Wl,--whole-archive $(LUA_STATIC) -Wl,--no-whole-archive
else
HOST_LUA := $(LUA_LIBS)
endif

COMPILE = $(CC) $(DPL_CPPFLAGS) $(CPPFLAGS) $(DPL_CFLAGS) $(CFLAGS) -MMD -MP
LINK = $(CC) $(CFLAGS) $(LDFLAGS)
ifeq ($(V),)
brief = @printf '  %-6s %s\n' $(1) '$@';
endif

# ---- Building ----

.PHONY: all
all: $(PRODUCTS) ## dpl, build/libdpl.a, build/libdpl.so and build/dpl.so (the default)
.DEFAULT_GOAL := all

# Files that change when the flags or the list of sources do, so that what was built under others is
# built anew. The shell's quoting: a single quote within becomes '\''.
quoted = '$(subst ','\'',$(1))'
keep_if_same = mkdir -p $(@D) && printf '%s\n' $(1) >$@.new && \
    if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.PHONY: FORCE
FORCE:
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1)
$(BUILD)/flags: FORCE
	@$(call keep_if_same,$(call quoted,$(COMPILER) $(COMPILE) $(LUA_CFLAGS) $(HOST_LUA) $(LDFLAGS)))
$(BUILD)/sources: FORCE
	@$(call keep_if_same,$(call quoted,$(CORE) $(BIND) $(HOST) $(LUA_SOURCES) $(VERSION)))

# Whether everything needed is here: looked at once, and again when the flags change.
$(BUILD)/ready: $(BUILD)/flags
	@CC='$(CC)' LUA='$(LUA)' LUA_CFLAGS='$(LUA_CFLAGS)' .ci/packages --check build
	@touch $@

$(OBJECTS): $(BUILD)/flags | $(BUILD)/ready
$(CORE_OBJECTS): $(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call brief,CC)$(COMPILE) -c -o $@ $<

# Only these find lua.h: the core proper knows nothing of Lua.
$(filter-out $(CORE_OBJECTS) $(EMBEDDED_OBJECT),$(OBJECTS)): $(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call brief,CC)$(COMPILE) $(LUA_CFLAGS) -c -o $@ $<

$(EMBEDDED_OBJECT): $(BUILD)/embedded.c
	@mkdir -p $(@D)
	$(call brief,CC)$(COMPILE) $(LUA_CFLAGS) -c -o $@ $<

$(BUILD)/embedded.c: $(LUA_SOURCES) core/bind/embed.sh $(BUILD)/sources | $(BUILD)/ready
	$(call brief,EMBED)sh core/bind/embed.sh lua $(LUA_SOURCES) >$@

$(DPL): $(CORE_OBJECTS) $(BIND_OBJECTS) $(HOST_OBJECTS) $(BUILD)/sources
	$(call brief,LINK)$(LINK) -Wl,-E -o $@ $(filter %.o,$^) $(HOST_LUA) $(SYSTEM_LIBS) -ldl

$(BUILD)/libdpl.a: $(CORE_OBJECTS) $(BIND_OBJECTS) $(BUILD)/sources
	@rm -f $@
	$(call brief,AR)$(AR) crsD $@ $(filter %.o,$^)

$(SHARED): $(CORE_OBJECTS) $(BUILD)/sources
	$(call brief,LINK)$(LINK) -shared -Wl,-soname,$(SONAME) $(NO_UNDEFINED) -o $@ $(filter %.o,$^) $(SYSTEM_LIBS)

$(BUILD)/libdpl.so: $(SHARED)
	@ln -sf $(notdir $(SHARED)) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $@

# Without liblua: the Lua that loads the module already has one, and a second would be fatal.
$(BUILD)/dpl.so: $(CORE_OBJECTS) $(BIND_OBJECTS) $(BUILD)/sources core/bind/exports.map
	$(call brief,LINK)$(LINK) -shared -Wl,--version-script=core/bind/exports.map -o $@ $(filter %.o,$^) $(SYSTEM_LIBS)

$(OUTER_TESTS:tests/%.c=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/tests/%.o $(BUILD)/libdpl.so
	$(call brief,LINK)$(LINK) -o $@ $< -L$(BUILD) -ldpl -Wl,-rpath,'$$ORIGIN' $(SYSTEM_LIBS)

$(INNER_TESTS:tests/%.c=$(BUILD)/%) $(BUILD)/bench: $(BUILD)/%: $(BUILD)/obj/tests/%.o $(BUILD)/libdpl.a
	$(call brief,LINK)$(LINK) -o $@ $^ -Wl,--as-needed $(LUA_LIBS) $(SYSTEM_LIBS)

-include $(OBJECTS:.o=.d)

# ---- The main job, tests and measurements ----

# These install what is missing first, and only then look again at what there is: hence a make of
# their own. As many jobs as there are processors, unless the caller has chosen.
JOBS := $(shell nproc 2>/dev/null || echo 1)
submake = $(MAKE) $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
packages = @CC='$(CC)' LUA='$(LUA)' .ci/packages
# Two of these side by side would build the same files twice at once.
ifneq ($(filter demo test bench lint sanitize sanitize-threads coverage docs clean format,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

.PHONY: demo
demo: ## installs what is missing, builds, runs the main job
	$(packages) build
	@+$(submake) all
	$(DPL) scripts/deepseek_v3.lua

.PHONY: test
test: ## installs what is missing, builds, runs all tests, or those that match T=pattern
	$(packages) build test
	@+$(submake) run-tests

.PHONY: run-tests
run-tests: all $(TEST_PROGRAMS)
	@DPL_ROOT='$(CURDIR)' DPL_BUILD='$(abspath $(BUILD))' DPL_BIN='$(abspath $(DPL))' \
	DPL_LUA='$(LUA)' DPL_PRELOAD='$(PRELOAD)' DPL_TEST_PATTERN='$(T)' DPL_TEST_JOBS='$(JOBS)' \
	DPL_TEST_TIMES='$(TIMES)' $(LUA) tests/run.lua $(abspath $(TEST_PROGRAMS)) $(SUITES)

.PHONY: bench
bench: ## measures simulated actions per second, beside a bare loop and plain Python
	$(packages) build
	@+$(submake) all $(BUILD)/bench
	@mkdir -p $(BUILD)/bench.data
	@$(BUILD)/bench $(BUILD)/bench.data
	@$(DPL) tests/bench_strategies.lua
	@$(DPL) tests/bench_plans.lua
	@if command -v python3 >/dev/null; then python3 tests/bench_events.py $(BUILD)/bench.data; \
	else echo 'No python3 here: the event simulation in Python was not measured.'; fi

.PHONY: sanitize
sanitize: ## runs all tests with the address and undefined behaviour sanitizers
	$(packages) build test sanitize
	@+ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	$(submake) run-tests BUILD=$(BUILD)/sanitize WERROR=-Werror NO_UNDEFINED= \
	CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZERS)' LDFLAGS='$(SANITIZERS)' \
	PRELOAD='$(wildcard $(shell $(CC) -print-file-name=libasan.so 2>/dev/null))'
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all

# Only what has threads: the rest would take an hour and find nothing.
.PHONY: sanitize-threads
sanitize-threads: ## runs the tests of threads with the thread sanitizer
	$(packages) build test sanitize
	@+$(submake) run-tests BUILD=$(BUILD)/sanitize-threads WERROR=-Werror NO_UNDEFINED= \
	CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS=-fsanitize=thread T='$(or $(T),threads)'

.PHONY: coverage
coverage: ## runs all tests and prints the share of lines that they reach, by room of core/
	$(packages) build test
	@find $(BUILD)/coverage -name '*.gcda' -exec rm {} + 2>/dev/null || true
	@+$(submake) run-tests BUILD=$(BUILD)/coverage CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage
	@find $(BUILD)/coverage/obj/core -name '*.gcno' -exec env LC_ALL=C gcov -n {} + 2>/dev/null | \
	awk -f tests/coverage.awk

# ---- Checks ----

SCRIPTS := .ci/run .ci/packages core/bind/embed.sh core/install.sh core/pkg-config.sh \
    core/host/completion/dpl.bash
LUA_CHECKED := $(wildcard lua scripts tests)
HEADERS := $(sort $(wildcard core/*.h core/*/*.h tests/*.h))
C_SOURCES := $(CORE) $(BIND) $(HOST) $(sort $(wildcard tests/*.c))
TIDY := $(C_SOURCES:%=$(BUILD)/tidy/%)

.PHONY: lint
lint: ## installs what is missing, checks all sources, compiles with gcc and clang
	$(packages) build lint
	@+$(submake) -k run-lint
	@echo 'lint: nothing found'

.PHONY: run-lint lint-format lint-lua lint-shell
run-lint: lint-format lint-lua lint-shell $(TIDY) lint-gcc lint-clang
lint-format:
	clang-format --dry-run -Werror $(C_SOURCES) $(HEADERS)
lint-lua:
	luacheck --quiet --no-color $(LUA_CHECKED)
lint-shell:
	shellcheck $(SCRIPTS)

# A file is looked at again when it, any header or the rules have changed.
$(TIDY): $(BUILD)/tidy/%: % $(HEADERS) .clang-tidy
	$(call brief,TIDY)clang-tidy --quiet $< -- $(DPL_CPPFLAGS) -std=c11 $(LUA_CFLAGS)
	@mkdir -p $(@D) && touch $@

# The compilers' own warnings, as errors, with the optimizer that finds some of them.
.PHONY: lint-gcc lint-clang
lint-gcc lint-clang: lint-%:
	@if command -v $* >/dev/null; then \
	$(MAKE) all $(C_TESTS:tests/%.c=$(BUILD)/lint-$*/%) BUILD=$(BUILD)/lint-$* CC=$* WERROR=-Werror; \
	else echo 'No $* here: its warnings were not looked at.'; fi

.PHONY: format
format: ## lays out all C sources as .clang-format says
	$(packages) lint
	clang-format -i $(C_SOURCES) $(HEADERS)

# ---- Documentation ----

# Warnings are errors: what is not documented, or not so that it can be read, does not pass.
DOCS := $(BUILD)/docs
ANNOTATIONS := $(sort $(wildcard lua/library/*.lua lua/library/dpl/*.lua))

.PHONY: docs docs-c docs-lua
docs: ## installs what is missing, makes the pages of the C library and of the Lua modules
	$(packages) docs
	@+$(submake) docs-c docs-lua
	@echo 'docs: $(DOCS)/c/index.html and $(DOCS)/lua/index.html'

docs-c:
	@rm -rf $(DOCS)/c && mkdir -p $(DOCS)/c
	@{ cat .ci/docs/c.doxyfile; echo 'OUTPUT_DIRECTORY = $(DOCS)/c'; \
	echo 'PROJECT_NUMBER = $(VERSION)'; } | doxygen -

docs-lua:
	@rm -rf $(DOCS)/lua $(DOCS)/lua.in && mkdir -p $(DOCS)/lua $(DOCS)/lua.in
	@for module in $$(sed -n 's/^---@meta //p' $(ANNOTATIONS) | sort -u); do \
	awk -f .ci/docs/lua.awk $$(grep -lx -e "---@meta $$module" $(ANNOTATIONS)) \
	>$(DOCS)/lua.in/$$module.lua || exit; done
	@ldoc --quiet --fatalwarnings --config .ci/docs/lua.ld --dir $(DOCS)/lua $(DOCS)/lua.in >/dev/null
	@rm -r $(DOCS)/lua.in

# ---- Installing ----

# Each of these may be given; paths may have spaces in them.
INSTALL ?= install
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
LUACDIR ?= $(LIBDIR)/lua/5.4
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d

define newline


endef
copies = $(foreach file,$(3),$(1) $(file) $(2)/$(notdir $(file))$(newline))

# Every file that is installed: its mode or "link", where it comes from, where it goes.
define INSTALLED
755 $(DPL) $(BINDIR)/dpl
$(call copies,644,$(LIBDIR),$(BUILD)/libdpl.a $(SHARED))
link $(notdir $(SHARED)) $(LIBDIR)/$(SONAME)
link $(SONAME) $(LIBDIR)/libdpl.so
644 $(BUILD)/dpl.pc $(LIBDIR)/pkgconfig/dpl.pc
644 $(BUILD)/dpl.so $(LUACDIR)/dpl.so
644 core/dpl.h $(INCLUDEDIR)/dpl.h
$(call copies,644,$(INCLUDEDIR)/dpl,$(wildcard core/dpl/*.h))
644 core/host/dpl.1 $(MANDIR)/man1/dpl.1
644 core/host/completion/dpl.bash $(BASHDIR)/dpl
644 core/host/completion/dpl.zsh $(ZSHDIR)/_dpl
644 core/host/completion/dpl.fish $(FISHDIR)/dpl.fish
$(call copies,644,$(DATADIR)/dpl/library,$(wildcard lua/library/*.lua))
$(call copies,644,$(DATADIR)/dpl/library/dpl,$(wildcard lua/library/dpl/*.lua))
$(call copies,644,$(DATADIR)/dpl/scripts,$(wildcard scripts/*.lua))
$(call copies,644,$(DATADIR)/doc/dpl,LICENSE README.md)
endef

# For programs in C. libdpl.a also has luaopen_dpl; who calls it brings a Lua of his own.
$(BUILD)/dpl.pc: FORCE
	@mkdir -p $(@D)
	@VERSION='$(VERSION)' LIBS_PRIVATE='$(SYSTEM_LIBS)' sh core/pkg-config.sh >$@

install uninstall $(BUILD)/dpl.pc: export PREFIX := $(PREFIX)
install uninstall $(BUILD)/dpl.pc: export LIBDIR := $(LIBDIR)
install uninstall $(BUILD)/dpl.pc: export INCLUDEDIR := $(INCLUDEDIR)
install: export INSTALL := $(INSTALL)
install: export INSTALLED := $(INSTALLED)
MANIFEST = '$(DESTDIR)' '$(DATADIR)/dpl/manifest'

.PHONY: install
install: all $(BUILD)/dpl.pc ## copies everything below PREFIX (/usr/local), within DESTDIR
	@printf '%s\n' "$$INSTALLED" | sh core/install.sh install $(MANIFEST)

.PHONY: uninstall
uninstall: ## removes what "make install" copied, given the same PREFIX and DESTDIR
	@sh core/install.sh uninstall $(MANIFEST)

.PHONY: clean
clean: ## removes everything that was built
	rm -rf $(BUILD) $(DPL)

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile
