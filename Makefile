# postroom: one Makefile, no recursion. `make help` lists the targets.

BUILD   ?= build
CC      ?= cc
VERSION := $(shell sed -n 's/^\#\# \[\([0-9][0-9.]*\)\].*/\1/p' CHANGELOG.md | head -n 1)

# Folders in link order: each may use only those to its right (tools/layers checks the includes,
# the unit tests link only what their layer allows).
LAYERS := app sandbox demo ui feed http worker config db net provider core base
LIBS_base     := -lcjson -lcrypto
LIBS_net      := -lcurl
LIBS_db       := -lpq
LIBS_ui       := -lncursesw
LIBS_http     := -lmicrohttpd

probe = $(shell printf 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c -o /dev/null - >/dev/null 2>&1 && echo $(1))

WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wvla -Wmissing-prototypes \
        -Wstrict-prototypes -Wimplicit-fallthrough -Wpointer-arith -Wwrite-strings
WARN += $(call probe,-Wtrampolines) $(call probe,-Wbidi-chars=any)
WARN += -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion
ifeq ($(CI),1)
WARN += -Werror
endif
ifeq ($(CI),true)
WARN += -Werror
endif

HARDEN := -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-overflow \
          -fno-strict-aliasing -fexceptions
HARDEN += $(call probe,-fstack-clash-protection) $(call probe,-fcf-protection=full) \
          $(call probe,-ftrivial-auto-var-init=zero)
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3

# SANITIZE=address,undefined or SANITIZE=thread: the same build with sanitizers
ifdef SANITIZE
OPT     := -O1 -g -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
FORTIFY :=
LDSAN   := -fsanitize=$(SANITIZE)
else
OPT     ?= -O2 -g
endif
ifdef COVERAGE
OPT     := -O0 -g --coverage
FORTIFY :=
LDSAN   := --coverage
endif

CPPFLAGS += -Isrc -I$(BUILD)/gen -D_GNU_SOURCE -DPOSTROOM_VERSION='"$(VERSION)"'
CFLAGS   += -std=c11 $(OPT) $(FORTIFY) $(HARDEN) $(WARN) -fPIE -pthread -MMD -MP
LDFLAGS  += -pie -pthread $(LDSAN) -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,--as-needed

sources   = $(sort $(wildcard src/$(1)/*.c))
objects   = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call sources,$(1)))
archive   = $(BUILD)/lib/$(1).a
below     = $(shell echo "$(LAYERS)" | sed 's/.*\b$(1)\b/$(1)/')

PRESENT  := $(foreach l,$(LAYERS),$(if $(wildcard src/$(l)/*.c),$(l)))
BINARY   := $(BUILD)/postroom

.DEFAULT_GOAL := all
all: $(BINARY) ## build the binary

$(BINARY): $(call objects,app) $(foreach l,$(filter-out app,$(PRESENT)),$(call archive,$(l)))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(foreach l,$(PRESENT),$(LIBS_$(l)))

define LAYER
$(call archive,$(1)): $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach l,$(filter-out app,$(PRESENT)),$(eval $(call LAYER,$(l))))

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The migrations, embedded.
$(BUILD)/gen/schema_sql.h: $(wildcard schema/*.sql) tools/embed
	@mkdir -p $(@D)
	tools/embed $(wildcard schema/*.sql) > $@
$(BUILD)/obj/db/%.o: | $(BUILD)/gen/schema_sql.h

# --- unit tests: tests/unit/<layer>/test_*.c, linked with that layer and those it may use -------
UNIT_LAYERS_base     := base
UNIT_LAYERS_core     := core base
UNIT_LAYERS_config   := config core base
UNIT_LAYERS_provider := provider core base
UNIT_LAYERS_net      := net core base
UNIT_LAYERS_db       := db core base
UNIT_LAYERS_worker   := worker db net provider core base
UNIT_LAYERS_feed     := feed db core base
UNIT_LAYERS_ui       := ui core base
UNIT_LAYERS_http     := http provider core base
UNIT_LAYERS_sandbox  := sandbox http core base

UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SOURCES))

define UNIT
$(BUILD)/unit/$(1)/%: tests/unit/$(1)/%.c $(foreach l,$(UNIT_LAYERS_$(1)),$(if $(wildcard src/$(l)/*.c),$(call archive,$(l))))
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) -Itests $$(CFLAGS) -Wno-missing-prototypes $$(LDFLAGS) -o $$@ $$< $$(filter %.a,$$^) -lcmocka $(foreach l,$(UNIT_LAYERS_$(1)),$(LIBS_$(l)))
endef
$(foreach l,base core config provider net db worker feed ui http sandbox,$(eval $(call UNIT,$(l))))

unit-build: $(UNIT_TESTS)

-include $(shell find $(BUILD)/obj $(BUILD)/unit -name '*.d' 2>/dev/null)


.PHONY: all unit-build
