package org.pgraft.docs;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Which block is typed by which test. */
final class Commands {
  /** Fences around what a reader types. */
  static final Set<String> TYPED = Set.of("sh", "console", "psql", "sql");

  /** Fences around settings, which {@link DocumentedSqlTest} tries, and around what nobody types. */
  static final Set<String> OTHERS = Set.of("conf", "json", "text");

  private Commands() {}

  /** The class of tests that types a block, or null. */
  static Class<?> typist(Document.Block block) {
    if (!TYPED.contains(block.language()) || block.has("run by") || block.has("not run")) {
      return null;
    }
    Path page = Path.of(block.page());
    if (TutorialTest.PAGES.contains(page)) {
      return TutorialTest.class;
    }
    if (MachinePagesTest.PAGES.contains(page) || block.has("on")) {
      return MachinePagesTest.class;
    }
    return SqlSession.isOne(block) ? SqlPagesTest.class : null;
  }

  /** The blocks of a page that a class types. */
  static List<Document.Block> of(Document page, Class<?> typist) {
    return page.blocks().stream().filter(block -> typist.equals(typist(block))).toList();
  }
}
