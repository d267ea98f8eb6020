package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The pages that a reader types along: every block of a terminal is run as it stands, on the machine that its prompt names,
 * and has to give what is shown.
 */
@Tag("cluster")
@Tag("long")
@Timeout(value = 9, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class TutorialTest {
  /** The pages; every block there is a terminal's. */
  static final Set<Path> PAGES = Set.of(Path.of("docs/tutorial.md"), Path.of("docs/getting-started.md"));

  /** An alert that is to fire takes Prometheus more than two minutes. */
  private static final Duration UNTIL = Duration.ofMinutes(4);

  private static final Transcript.Prompt NOBODY = new Transcript.Prompt("nobody", "nowhere", "/");

  @TempDir private Path shared;

  @Test
  void when_a_reader_types_the_tutorial_then_three_machines_do_what_it_shows() throws Exception {
    typeAlong(Path.of("docs/tutorial.md"), "prometheus", "promtool", "curl", "openssl");
  }

  @Test
  void when_a_reader_gets_started_then_one_machine_does_what_is_shown() throws Exception {
    typeAlong(Path.of("docs/getting-started.md"));
  }

  private void typeAlong(Path path, String... programs) throws Exception {
    Document page = Document.read(path);
    try (Machines machines = new Machines(shared, programs); Typist typist = new Typist(page, machines, UNTIL)) {
      machines.make(page.blocks().stream().flatMap(block -> Transcript.of(block, NOBODY).stream()).map(Transcript::machine)
          .distinct().toList());
      for (Document.Block block : page.blocks()) {
        assertEquals("console", block.language(), block.where() + ": every block of this page is a terminal's");
        typist.type(block);
      }
    }
  }
}
