package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The commands of the pages that change members, servers and files, each page on a machine of its own. What a page takes for
 * granted is in the notes before its blocks; tests/pages/servers makes the servers that it speaks of.
 */
@Tag("cluster")
@Tag("long")
@Timeout(value = 9, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class MachinePagesTest {
  /** The pages of which every block of commands is typed here; of others, those that say by whom they are typed. */
  static final Set<Path> PAGES = Set.of(Path.of("docs/operations.md"), Path.of("docs/security.md"));

  private static final Duration UNTIL = Duration.ofMinutes(1);

  @TempDir private Path shared;

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/operations.md", "docs/security.md"})
  void when_a_reader_types_the_commands_of_a_page_then_they_do_what_it_shows(String page) throws Exception {
    Document document = Document.read(Path.of(page));
    List<Document.Block> blocks = Commands.of(document, MachinePagesTest.class);
    assertTrue(blocks.size() >= 2, "blocks are found: " + blocks.size());
    try (Machines machines = new Machines(shared, "curl", "jq", "openssl"); Typist typist = new Typist(document, machines, UNTIL)) {
      for (Document.Block block : blocks) {
        typist.type(block);
      }
    }
  }
}
