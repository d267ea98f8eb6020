# Installs what Maven built, and runs pg_regress on a running server. Used by the top Makefile from
# the top directory, with PG_CONFIG and TARGET set; it compiles nothing.

EXTENSION = pgraft
DATA = $(wildcard sql/pgraft--*.sql)
TESTS = $(sort $(wildcard tests/sql/*.sql))
REGRESS = $(patsubst tests/sql/%.sql,%,$(TESTS))
REGRESS_OPTS = --inputdir=tests --outputdir=$(TARGET)/regress

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

install: install-engine class-archive
uninstall: uninstall-engine
installcheck: regress-directory

.PHONY: install-engine uninstall-engine class-archive regress-directory

# The jars of an earlier version must not stay on the class path.
install-engine: uninstall-engine
	$(MKDIR_P) '$(DESTDIR)$(pkglibdir)/pgraft'
	$(INSTALL_SHLIB) $(TARGET)/pgraft.so '$(DESTDIR)$(pkglibdir)/pgraft.so'
	$(INSTALL_DATA) $(TARGET)/pgraft.jar $(TARGET)/lib/*.jar java/pgraft.classlist '$(DESTDIR)$(pkglibdir)/pgraft/'
	$(INSTALL_SCRIPT) scripts/class_archive '$(DESTDIR)$(pkglibdir)/pgraft/'

uninstall-engine:
	rm -f '$(DESTDIR)$(pkglibdir)/pgraft.so' '$(DESTDIR)$(pkglibdir)'/pgraft/*.jar \
		$(addprefix '$(DESTDIR)$(pkglibdir)'/pgraft/,pgraft.jsa pgraft.jsa.new pgraft.classlist class_archive)
	[ ! -d '$(DESTDIR)$(pkglibdir)/pgraft' ] || rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(pkglibdir)/pgraft'

# It counts only for the place that it is made in, so whoever moves what is below DESTDIR makes it there.
class-archive: install-engine
	$(if $(DESTDIR),,JAVA_HOME='$(or $(JAVA_HOME),$(shell scripts/find_java_home))' \
		'$(pkglibdir)/pgraft/class_archive' || echo 'pgraft: no archive of classes was made; workers run without it')

regress-directory:
	$(MKDIR_P) $(TARGET)/regress
