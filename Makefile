# pgraft: "make help" lists the verbs.
#
# Maven compiles everything, the C by its NAR plugin; PGXS (native/pgxs.mk) installs what was built
# and runs pg_regress. Each major version of PostgreSQL has a directory of its own below target/.

SHELL := /bin/bash
MVN ?= mvn

ifndef PG_CONFIG
PG_CONFIG := $(shell scripts/find_pg_config)
endif
JAVA_HOME := $(shell scripts/find_java_home)
export JAVA_HOME

# The library that the worker opens when pgraft.libjvm is not set.
LIBJVM ?= $(JAVA_HOME)/lib/server/libjvm.so
LIBLMDB ?= $(realpath $(shell $${CC:-gcc} -print-file-name=liblmdb.so.0 2>/dev/null))

PG_VERSION := $(if $(PG_CONFIG),$(shell $(PG_CONFIG) --version 2>/dev/null))
VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" pgraft.control)
PG_MAJOR := $(shell echo '$(PG_VERSION)' | sed -nE 's/^PostgreSQL ([0-9]+).*/\1/p')
PG_INCLUDE := $(if $(PG_MAJOR),$(shell $(PG_CONFIG) --includedir-server))

TARGET := target/pg$(or $(PG_MAJOR),none)
SOURCES := pom.xml $(wildcard native/*.[ch]) $(shell find java -type f 2>/dev/null)
MAVEN := $(MVN) --batch-mode --no-transfer-progress -Dstyle.color=never \
	-Dpgraft.build.directory=$(CURDIR)/$(TARGET) \
	-Dpgraft.libjvm=$(LIBJVM) $(if $(LIBLMDB),-Dpgraft.liblmdb=$(LIBLMDB))
PGXS_MAKE = $(MAKE) --no-print-directory -f native/pgxs.mk srcdir=. PG_CONFIG=$(PG_CONFIG) TARGET=$(TARGET)

# What a test run needs to know; scripts/lib.sh and the tests read these.
export PG_CONFIG
export PGRAFT_TARGET := $(CURDIR)/$(TARGET)

.DEFAULT_GOAL := all
.PHONY: all install uninstall install-tools uninstall-tools installcheck unit regress it guard long chaos seeded bench panels check site demo deb matrix lint clean help FORCE \
	require-server require-jdk

all: $(TARGET)/pgraft.so ## build the extension and the engine

# A changed server, JDK or libjvm must not meet objects built for another.
$(TARGET)/configured: FORCE | require-server require-jdk
	@mkdir -p $(TARGET)
	@wanted='$(PG_VERSION) $(PG_INCLUDE) $(JAVA_HOME) $(LIBJVM)'; \
	if [ "$$(cat $@ 2>/dev/null)" != "$$wanted" ]; then \
		rm -rf $(TARGET)/nar $(TARGET)/classes $(TARGET)/jni $(TARGET)/maven-status; \
		printf '%s\n' "$$wanted" > $@; \
	fi

$(TARGET)/pgraft.so: $(SOURCES) $(TARGET)/configured
	@echo "building pgraft for $(PG_VERSION) with the JDK in $(JAVA_HOME)"
	@rm -rf $(TARGET)/lib
	@$(MAVEN) -q -Dpg.include=$(PG_INCLUDE) -Dmaven.test.skip=true package
	@cp $$(find $(TARGET)/nar -name 'libpgraft-$(VERSION).so') $@

require-server:
	@[ -n "$(PG_MAJOR)" ] || { \
		echo "make: no PostgreSQL with server headers found: install postgresql-server-dev-NN or pass PG_CONFIG=/path/to/pg_config" >&2; exit 1; }
	@[ -f "$(PG_INCLUDE)/postgres.h" ] || { \
		echo "make: $(PG_CONFIG) has no server headers: install postgresql-server-dev-$(PG_MAJOR)" >&2; exit 1; }
	@[ "$(PG_MAJOR)" -ge 15 ] || { echo "make: $(PG_VERSION) is too old: pgraft needs PostgreSQL 15 or later" >&2; exit 1; }

require-jdk:
	@[ -n "$(JAVA_HOME)" ] || { \
		echo "make: no JDK of version 17 or later found: install openjdk-17-jdk-headless or set JAVA_HOME" >&2; exit 1; }
	@command -v $(MVN) >/dev/null || { echo "make: $(MVN) not found: install maven" >&2; exit 1; }

install: all ## install into the server (DESTDIR is honoured)
	$(PGXS_MAKE) install

# The operator's tools, once per machine and not per server: what they share lies together, and the commands
# are links to it.
prefix ?= /usr/local
bindir ?= $(prefix)/bin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
completiondir ?= $(datadir)/bash-completion/completions
TOOLS := pgraft_cluster pgraft_certificates
TOOL_FILES := $(addprefix scripts/,$(TOOLS) lib.sh find_pg_config) $(wildcard scripts/cluster_*.sh)

install-tools: ## install pgraft_cluster and pgraft_certificates (prefix=/usr/local, DESTDIR)
	install -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(datadir)/pgraft/scripts' '$(DESTDIR)$(mandir)/man1' '$(DESTDIR)$(completiondir)'
	install -m 755 $(TOOL_FILES) '$(DESTDIR)$(datadir)/pgraft/scripts/'
	for tool in $(TOOLS); do ln -srf "$(DESTDIR)$(datadir)/pgraft/scripts/$$tool" "$(DESTDIR)$(bindir)/$$tool"; done
	install -m 644 $(TOOLS:%=docs/man/%.1) '$(DESTDIR)$(mandir)/man1/'
	install -m 644 scripts/completion/pgraft_cluster.bash '$(DESTDIR)$(completiondir)/pgraft_cluster'

uninstall-tools: ## remove what install-tools put there
	rm -f $(TOOLS:%='$(DESTDIR)$(bindir)/%') $(TOOLS:%='$(DESTDIR)$(mandir)/man1/%.1') '$(DESTDIR)$(completiondir)/pgraft_cluster'
	rm -rf '$(DESTDIR)$(datadir)/pgraft/scripts'
	-rmdir '$(DESTDIR)$(datadir)/pgraft'

uninstall: ## remove what install put there
	$(PGXS_MAKE) uninstall

installcheck: ## pg_regress on a running server that preloads pgraft
	$(PGXS_MAKE) installcheck

unit: | require-jdk ## unit tests of the engine (TEST=Name picks some)
	@$(MAVEN) test $(if $(TEST),-Dtest=$(TEST) -Dsurefire.failIfNoSpecifiedTests=true)

regress: all ## pg_regress on a temporary instance
	@scripts/regress

it: all ## tests with several servers (TEST=Name picks some; FORKS=2 runs two classes at a time)
	@scripts/cluster_tests $(MAVEN) test -Dtest.groups=cluster -DforkCount=$(or $(FORKS),1) \
		$(if $(TEST),-Dtest.excludedGroups= -Dtest=$(TEST) -Dsurefire.failIfNoSpecifiedTests=true,-Dtest.excludedGroups=long) \
		$(if $(WRITE_DOCS),-Dpgraft.docs.write=true)

# Nothing may run beside it.
guard: all ## ratios of speed and size that a change must not lose
	@scripts/cluster_tests $(MAVEN) test -Dtest.groups=guard -Dtest.excludedGroups=

long: all ## those of them that take minutes each and are not part of check
	@scripts/cluster_tests $(MAVEN) test -Dtest.groups=long -Dtest.excludedGroups=

chaos: all ## random faults under load, every answer checked (SECONDS=600 SEED=n NODES=3 FAULTS=name,name RECOVERY=10)
	@scripts/cluster_tests $(MAVEN) test -Dtest.groups=chaos -Dtest.excludedGroups= \
		-Dpgraft.chaos.seconds=$(or $(SECONDS),600) -Dpgraft.chaos.nodes=$(or $(NODES),3) \
		$(if $(SEED),-Dpgraft.chaos.seed=$(SEED)) $(if $(FAULTS),-Dpgraft.chaos.faults=$(FAULTS)) \
		$(if $(RECOVERY),-Dpgraft.chaos.recovery=$(RECOVERY))

seeded: all ## bugs put into a copy of pgraft: the chaos' faults and checkers find each (TEST='*Bugs*#*vote*')
	@rm -rf $(TARGET)/seeded
	@scripts/cluster_tests $(MAVEN) test -Dtest.groups=seeded -Dtest.excludedGroups= \
		$(if $(TEST),-Dtest=$(TEST) -Dsurefire.failIfNoSpecifiedTests=true)

bench: all ## how fast and how small, beside etcd (PARTS=puts,gets,tls,footprint,starts,outages,growth,curves RUN_SECONDS=5 RUNS=3 OUTAGES=30 SETTINGS="name=value;…" WRITE_DOCS=1)
	@scripts/bench $(MAVEN) test -Dtest.groups=bench -Dtest.excludedGroups= \
		$(if $(PARTS),-Dpgraft.bench.parts=$(PARTS)) $(if $(RUN_SECONDS),-Dpgraft.bench.seconds=$(RUN_SECONDS)) \
		$(if $(RUNS),-Dpgraft.bench.repetitions=$(RUNS)) $(if $(OUTAGES),-Dpgraft.bench.outages=$(OUTAGES)) \
		$(if $(SETTINGS),-Dpgraft.bench.settings='$(SETTINGS)') $(if $(WRITE_DOCS),-Dpgraft.bench.docs=true) \
		-Dpgraft.bench.output=$(PGRAFT_TARGET)/bench

panels: all ## the pictures of docs/monitoring.md: the dashboard's panels while a leader is killed and comes back
	@PGRAFT_TEST_BACKEND=$${PGRAFT_TEST_BACKEND:-processes} scripts/cluster_tests $(MAVEN) test \
		-Dtest.groups=panels -Dtest.excludedGroups=

check: ## the tests: unit, pg_regress, several servers (two classes at a time, unless FORKS says otherwise), guard
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory regress
	@$(MAKE) --no-print-directory it FORKS=$(or $(FORKS),2)
	@$(MAKE) --no-print-directory guard

sbom: | require-jdk ## what the engine is made of, as CycloneDX
	@$(MAVEN) org.cyclonedx:cyclonedx-maven-plugin:makeBom
	@echo "$(TARGET)/bom.json"

deb: | require-server require-jdk ## the Debian package for that server, in target/deb
	@scripts/build_deb

dist: sbom ## the sources of the last commit and the SBOM, as PGXN takes them
	git archive --format=zip --prefix=pgraft-$(VERSION).0/ --add-file=$(TARGET)/bom.json \
		-o target/pgraft-$(VERSION).0.zip HEAD

matrix: ## build and test with each PostgreSQL and JDK in reach, in containers (PG="17 18" JDK="21")
	@PG="$(PG)" JDK="$(JDK)" scripts/matrix

site: ## the pages of docs/ as HTML, if mkdocs is installed
	@command -v mkdocs >/dev/null || { echo "make: mkdocs not found: install it" >&2; exit 1; }
	@mkdir -p target
	@mkdocs build --quiet --strict --clean --site-dir $(CURDIR)/target/site
	@echo target/site/index.html

demo: ## three servers on this machine, a failover before your eyes
	@scripts/demo

# The parts of pgraft_cluster are read with it, as they share their variables. A page of the manual has to be
# without a warning of groff, and of mandoc where that is installed.
lint: ## shellcheck on the scripts, and the pages of the manual
	shellcheck -x -P scripts $(filter-out scripts/cluster_%.sh scripts/completion,$(wildcard scripts/*)) scripts/completion/* \
		.ci/run tests/pages/servers tests/container/build tests/container/package tests/container/images.sh packaging/container/entrypoint \
		$(addprefix packaging/debian/,prepare_jvm postinst prerm tool)
	shellcheck -x -a -P scripts scripts/pgraft_cluster
	@for page in docs/man/*.1; do \
		if command -v mandoc >/dev/null; then mandoc -Tlint -W warning $$page || exit 1; fi; \
		if ! command -v man >/dev/null; then echo "$$page was not checked by man, which is not installed"; continue; fi; \
		echo "man --warnings $$page"; \
		warnings=$$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z $$page 2>&1 >/dev/null); \
		[ -z "$$warnings" ] || { echo "$$warnings"; exit 1; }; \
	done

clean: ## remove what was built
	rm -rf target

help: ## this list
	@echo "verbs (PG_CONFIG=/path/to/pg_config picks the server; now: $(or $(PG_VERSION),none found)):"
	@awk -F '## ' '/^[a-z-]+:.*## / { sub(/:.*/, "", $$1); printf "  %-16s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
