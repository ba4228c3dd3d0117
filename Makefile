# postroom: one Makefile, no recursion. `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
VERSION := $(shell sed -n 's/^\#\# \[\([0-9][0-9.]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
MAKEFLAGS += -j$(shell nproc)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# --- layers --------------------------------------------------------------------------------------
# A folder of src/ may use itself and what stands here, in link order: tools/layers checks the
# includes, and the unit tests link nothing else.
LAYERS        := app doctor demo sandbox ui feed http webhook worker config db net provider core base
USES_app      := doctor demo sandbox ui feed http webhook worker config db net provider core base
USES_doctor   := ui http webhook config db net provider core base
USES_demo     := sandbox http webhook core base
USES_sandbox  := http webhook core base
USES_ui       := core base
USES_feed     := db core base
USES_http     := webhook core base
USES_webhook  := core base
USES_worker   := db net provider core base
USES_config   := core base
USES_db       := core base
USES_net      := core base
USES_provider := core base
USES_core     := base
USES_base     :=

LIBS_base := -lcjson -lcrypto
LIBS_core := -lm
LIBS_net  := -lcurl
LIBS_db   := -lpq
LIBS_ui   := -lncursesw
LIBS_http := -lmicrohttpd

comma := ,
space := $() $()
export LAYER_TABLE := $(foreach l,$(LAYERS),$(l):$(subst $(space),$(comma),$(strip $(USES_$(l)))))

# --- flags ---------------------------------------------------------------------------------------
# The same sources are built in several flavours, each in a folder of its own.
FLAVOURS     := release fault clang asan tsan coverage fuzz
DIR_release  := $(BUILD)
DIR_fault    := $(BUILD)/fault
DIR_clang    := $(BUILD)/clang
DIR_asan     := $(BUILD)/asan
DIR_tsan     := $(BUILD)/tsan
DIR_coverage := $(BUILD)/coverage
DIR_fuzz     := $(BUILD)/fuzz

CC_release   := $(CC)
CC_fault     := $(CC)
CC_clang     := clang
CC_asan      := $(CC)
CC_tsan      := $(CC)
CC_coverage  := $(CC)
CC_fuzz      := clang

fortified     = $(CFLAGS) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
# Sanitized builds and `fault` can be ended at named points (base/fault.h).
sanitized     = -O1 -g -fno-omit-frame-pointer -DPOSTROOM_FAULTS -fsanitize=$(1)
OPT_release  := $(if $(SANITIZE),$(call sanitized,$(SANITIZE)),$(fortified))
OPT_fault    := $(fortified) -DPOSTROOM_FAULTS
OPT_clang    := $(fortified) -Werror
OPT_asan     := $(call sanitized,address$(comma)undefined) -fno-sanitize-recover=undefined
OPT_tsan     := $(call sanitized,thread)
OPT_coverage := -O0 -g --coverage
OPT_fuzz     := $(call sanitized,fuzzer-no-link$(comma)address$(comma)undefined) -fno-sanitize-recover=undefined

WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wvla -Wmissing-prototypes \
            -Wstrict-prototypes -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings \
            -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types \
            -Werror=int-conversion $(if $(filter 1 true,$(CI)),-Werror)
HARDENING := -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-overflow \
             -fno-strict-aliasing -fexceptions
# What not every compiler knows. The probe runs at first use: `make demo` may have to install one.
MAYBE := -Wtrampolines -Wbidi-chars=any -fstack-clash-protection -fcf-protection=full \
         -ftrivial-auto-var-init=zero
probe = $(shell printf 'int main(void){return 0;}' | \
          $(1) -Werror $(2) -x c -o /dev/null - >/dev/null 2>&1 && echo '$(2)')
once  = $(eval $(1) := $(2))$($(1))

PG_INCLUDE = $(call once,PG_INCLUDE,$(shell pg_config --includedir 2>/dev/null))
DEFINES = -Isrc -I$(BUILD)/gen -isystem $(PG_INCLUDE) -D_GNU_SOURCE -DPOSTROOM_VERSION='"$(VERSION)"' $(CPPFLAGS)
compile = $(CC_$(1)) -std=c11 $(OPT_$(1)) $(DEFINES) $(WARNINGS) $(HARDENING) $(MAYBE_$(1)) \
          -fPIE -pthread -MMD -MP
LINK    = -pie -pthread $(LDFLAGS) -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,--as-needed

# V=1 shows the commands.
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2);)

# --- what is built -------------------------------------------------------------------------------
# Targets that run things install what is missing first; a plain `make` installs nothing.
READY := $(if $(filter deps demo check check-% bench coverage valgrind fuzz-smoke,$(MAKECMDGOALS)),deps)

has      = $(if $(wildcard src/$(1)/*.c),$(1))
PRESENT := $(foreach l,$(LAYERS),$(call has,$(l)))
BINARY  := $(BUILD)/postroom
objects  = $(patsubst src/%.c,$(DIR_$(1))/obj/%.o,$(sort $(wildcard src/$(2)/*.c)))
archives = $(foreach l,$(2),$(if $(call has,$(l)),$(DIR_$(1))/lib/$(l).a))
libs     = $(foreach l,$(1),$(LIBS_$(l)))

# A flavour's objects and its binary.
define FLAVOUR
MAYBE_$(1) = $$(call once,MAYBE_$(1),$$(foreach f,$$(MAYBE),$$(call probe,$$(CC_$(1)),$$(f))))

$$(DIR_$(1))/obj/%.o: src/%.c | $$(READY)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(call compile,$(1)) -c -o $$@ $$<

$$(call objects,$(1),db): | $$(BUILD)/gen/schema_sql.h

$$(DIR_$(1))/postroom: $$(call objects,$(1),app) $$(call archives,$(1),$$(filter-out app,$$(PRESENT)))
	$$(call say,LINK,$$@)$$(CC_$(1)) $$(OPT_$(1)) $$(LINK) -o $$@ $$^ $$(call libs,$$(PRESENT))
endef
$(foreach f,$(FLAVOURS),$(eval $(call FLAVOUR,$(f))))

# A layer's archive, and its unit tests (tests/unit/<layer>/test_*.c) linked with what it may use.
define LAYER
$$(DIR_$(1))/lib/$(2).a: $$(call objects,$(1),$(2))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call say,AR,$$@)$$(AR) rcs $$@ $$^

$$(DIR_$(1))/unit/$(2)/%: tests/unit/$(2)/%.c $$(call archives,$(1),$(2) $$(USES_$(2))) | $$(READY)
	@mkdir -p $$(@D)
	$$(call say,TEST,$$@)$$(call compile,$(1)) -Itests -Wno-missing-prototypes $$(LINK) -o $$@ $$< $$(filter %.a,$$^) \
	    -lcmocka $$(call libs,$(2) $$(USES_$(2)))
endef
$(foreach f,$(FLAVOURS),$(foreach l,$(filter-out app,$(LAYERS)),$(eval $(call LAYER,$(f),$(l)))))

# A layer's fuzz targets (tests/fuzz/<layer>/*.c), linked with what it may use.
define FUZZ
$$(DIR_fuzz)/target/$(1)/%: tests/fuzz/$(1)/%.c $$(call archives,fuzz,$(1) $$(USES_$(1))) | $$(READY)
	@mkdir -p $$(@D)
	$$(call say,FUZZ,$$@)$$(call compile,fuzz) -fsanitize=fuzzer -Itests $$(LINK) -o $$@ $$< $$(filter %.a,$$^) \
	    $$(call libs,$(1) $$(USES_$(1)))
endef
$(foreach l,$(filter-out app,$(LAYERS)),$(eval $(call FUZZ,$(l))))

# One program lets every allocation of chosen operations fail in turn.
OOM      := $(DIR_asan)/oom
OOM_USES := worker config ui db net provider core base
$(OOM): $(wildcard tests/oom/*.[ch]) $(call archives,asan,$(OOM_USES)) | $(READY)
	$(call say,TEST,$@)$(call compile,asan) -Itests $(LINK) -o $@ $(filter %.c %.a,$^) $(call libs,$(OOM_USES))

# The yardsticks of `make bench`, each a program of one file that uses nothing of postroom's.
YARDSTICKS := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*_alone.c bench/plain_loop.c))
$(BUILD)/bench/%: bench/%.c | $(READY)
	@mkdir -p $(@D)
	$(call say,BENCH,$@)$(CC) -std=c11 -O2 -Wall -Wextra -D_GNU_SOURCE -isystem $(PG_INCLUDE) -pthread -o $@ $< -lpq -lcurl

# The migrations, embedded.
$(BUILD)/gen/schema_sql.h: $(wildcard schema/*.sql) tools/embed
	@mkdir -p $(@D)
	$(call say,EMBED,$@)tools/embed $(wildcard schema/*.sql) > $@

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)

# --- tests ---------------------------------------------------------------------------------------
# The faults that need no machine to themselves; all of them, and at length: check-fault.
SHORT_FAULTS := tests/fault/1[0-8]*.sh tests/fault/4[01246]*.sh tests/fault/7[0-5]*.sh tests/fault/8[0-2]*.sh
UNIT  := $(sort $(wildcard tests/unit/*/test_*.c))
PEERS := tests/peers/smtp_sink.sh # those in Debian; what comes from npm only by check-peers
E2E   := $(sort $(wildcard tests/db/*.sh tests/e2e/[0-9]*.sh tests/e2e/ui_*.sh $(SHORT_FAULTS)) $(PEERS))
# What measures time, or looks at all processes, has the machine to itself.
ALONE := $(filter $(foreach n,04 05 10 13 17 24 31 60 61 64 ui_bytes ui_keys ui_live,tests/e2e/$(n)%) tests/fault/4% tests/fault/8%,$(E2E))
FUZZERS := $(patsubst tests/fuzz/%.c,$(DIR_fuzz)/target/%,$(sort $(wildcard tests/fuzz/*/*.c)))
LINTS := tools/layers tools/banned tools/format tools/words

unit = $(patsubst tests/unit/%.c,$(DIR_$(1))/unit/%,$(UNIT))
# End-to-end tests that say "# also under: asan" (or tsan) in their head.
also = $(shell grep -lE '^. also under:.*\b$(1)\b' $(E2E) /dev/null)
RUN := BUILD=$(BUILD) tests/lib/run.sh

all: $(BINARY) ## build the binary, build/postroom

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

deps: ## install the Debian packages that are missing
	@tools/install-deps $(if $(filter-out demo,$(MAKECMDGOALS)),check,demo)

demo: $(BINARY) ## build, then see it work: private database, sandbox, sample mail, dashboard
	@exec $(BINARY) demo

check: $(foreach f,release fault clang asan tsan,$(DIR_$(f))/postroom) $(foreach f,release asan tsan,$(call unit,$(f))) $(OOM) $(FUZZERS) ## every test, all flavours
	@$(RUN) lint $(LINTS) \
	    release $(ALONE) beside $(call unit,release) $(filter-out $(ALONE),$(E2E)) \
	    asan $(call unit,asan) $(call also,asan) $(OOM) tests/fuzz/run.sh \
	    tsan $(call unit,tsan) $(call also,tsan)

lint: | $(READY) ## layers, banned functions, format, words
	@$(RUN) lint $(LINTS)

check-unit: $(call unit,release) ## unit tests
	@$(RUN) release $^

check-e2e: $(BINARY) $(DIR_fault)/postroom $(call unit,release) ## end-to-end tests (E2E=tests/e2e/NN_x.sh for one)
	@$(RUN) release $(ALONE) beside $(filter-out $(ALONE),$(E2E))

# How long the faults go on: random kills, rounds at each kill point, requests with lost answers.
KILLS    ?= 3000
REPEATS  ?= 50
REQUESTS ?= 10000
FAULTS   ?= $(sort $(wildcard tests/fault/[0-9]*.sh))
check-fault: $(BINARY) $(DIR_fault)/postroom ## faults at length, for hours (KILLS, REPEATS, REQUESTS, SEED; FAULTS=one test)
	@USED=0.95 KILLS=$(KILLS) REPEATS=$(REPEATS) REQUESTS=$(REQUESTS) SEED=$(SEED) TEST_LIMIT=86400 TEST_SHOW=1 \
	    $(RUN) release $(FAULTS)

check-peers: $(BINARY) ## programs of others: Postfix's smtp-sink, clients, a server, a signer (node 20.19 or newer; skipped without)
	@TEST_SHOW=1 $(RUN) release $(PEERS) tests/peers/resend.sh tests/peers/ses.sh

check-asan: $(DIR_asan)/postroom $(call unit,asan) ## unit and main end-to-end tests under ASan and UBSan
	@$(RUN) asan $(call unit,asan) $(call also,asan)

check-tsan: $(DIR_tsan)/postroom $(call unit,tsan) ## the same under TSan
	@$(RUN) tsan $(call unit,tsan) $(call also,tsan)

check-clang: $(DIR_clang)/postroom $(call unit,clang) ## everything builds with clang without a warning

check-oom: $(OOM) ## every allocation fails in turn: no crash, no leak, said so
	@$(RUN) asan $^

# Sizes and choices: the head of bench/bench.py.
bench: $(BINARY) $(YARDSTICKS) ## how fast it is, beside PostgreSQL and curl alone; an hour (MESSAGES, ROUNDS, CASES, ...)
	@$(foreach v,MESSAGES SINGLES ROUNDS LATENCY ENQUEUE_SECONDS TABLE PENDING LOOKS IDLE_SECONDS LONG BIG_BODIES CASES, \
	    $(if $($(v)),$(v)=$($(v)))) BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 python3 bench/bench.py

fuzz-smoke: $(FUZZERS) ## each fuzz target for FUZZ_SECONDS (60) from its corpus
	@BUILD=$(BUILD) tests/fuzz/run.sh smoke

valgrind: $(BINARY) ## a whole run --once under valgrind
	@$(RUN) release tests/e2e/18_valgrind.sh

coverage: $(DIR_coverage)/postroom $(call unit,coverage) ## which lines the unit and end-to-end tests reach
	@find $(DIR_coverage) -name '*.gcda' -delete
	@$(RUN) coverage $(call unit,coverage) $(E2E) || true
	@gcovr --root . --filter src/ $(DIR_coverage)

sizes: ## the longest files and functions
	@tools/sizes

format: ## rewrite all C files with clang-format
	@tools/format --fix

# --- installing ----------------------------------------------------------------------------------
# What goes where below PREFIX. A unit of /usr/local is found by systemd as well as one of /usr.
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHDIR     ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR      ?= $(PREFIX)/share/zsh/site-functions
DOCDIR      ?= $(PREFIX)/share/doc/postroom
MANPAGES := $(wildcard man/*.[1-9])
INSTALLED = $(PREFIX)/bin/postroom \
            $(foreach m,$(MANPAGES),$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
            $(UNITDIR)/postroom.service $(SYSUSERSDIR)/postroom.conf \
            $(BASHDIR)/postroom $(ZSHDIR)/_postroom \
            $(foreach f,README.md CHANGELOG.md docs/operating.md $(EXAMPLES),$(DOCDIR)/$(notdir $(f)))
EXAMPLES := contrib/postroom.conf contrib/grafana.json contrib/alerts.yml contrib/compose.yml

install: $(BINARY) ## into DESTDIR/PREFIX: binary, manual, service, completions, examples
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/postroom
	for page in $(MANPAGES); do \
	    install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -D -m 644 contrib/postroom.service $(DESTDIR)$(UNITDIR)/postroom.service
	sed -i 's|/usr/bin/postroom|$(PREFIX)/bin/postroom|' $(DESTDIR)$(UNITDIR)/postroom.service
	install -D -m 644 contrib/postroom.sysusers $(DESTDIR)$(SYSUSERSDIR)/postroom.conf
	install -D -m 644 contrib/postroom.bash $(DESTDIR)$(BASHDIR)/postroom
	install -D -m 644 contrib/postroom.zsh $(DESTDIR)$(ZSHDIR)/_postroom
	install -D -m 644 -t $(DESTDIR)$(DOCDIR) README.md CHANGELOG.md docs/operating.md $(EXAMPLES)

uninstall: ## remove what install put there; configuration, state and the user stay
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	-rmdir $(DESTDIR)$(DOCDIR) 2>/dev/null || true

deb: ## a Debian package in build/deb (debhelper)
	@BUILD=$(BUILD) VERSION=$(VERSION) tools/deb

clean: ## remove all that was built
	rm -rf $(BUILD)

.PHONY: all help deps demo check lint check-unit check-e2e check-peers check-asan check-tsan check-clang \
        check-fault check-oom bench fuzz-smoke valgrind coverage sizes format install uninstall deb clean
