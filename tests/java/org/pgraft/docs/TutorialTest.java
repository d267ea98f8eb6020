package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The pages that a reader types along: every block of a terminal is run as it stands, on the machine that its prompt names,
 * and has to give what is shown ({@link Transcript}). With the system property {@code pgraft.docs.write} what came is
 * written into the page instead, where it is not what is shown.
 */
@Tag("cluster")
@Tag("long")
@Timeout(value = 9, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class TutorialTest {
  /** The machines of the pages; "admin" is no database server. */
  private static final Map<String, String> ADDRESSES = Map.of(
      "db1", "10.0.0.1", "db2", "10.0.0.2", "db3", "10.0.0.3", "db4", "10.0.0.4", "admin", "10.0.0.10");

  /** How long a command is repeated; an alert that is to fire takes Prometheus more than two minutes. */
  private static final Duration UNTIL = Duration.ofMinutes(4);

  private static final boolean WRITE = Boolean.getBoolean("pgraft.docs.write");

  @TempDir private Path shared;
  private Path binaries;
  private Machine hub;
  private final Map<String, Machine> machines = new LinkedHashMap<>();

  @AfterEach
  void switchOff() throws Exception {
    for (Machine machine : machines.values()) {
      machine.switchOff();
    }
    if (hub != null) {
      hub.switchOff();
    }
  }

  @Test
  void when_a_reader_types_the_tutorial_then_three_machines_do_what_it_shows() throws Exception {
    for (String program : List.of("prometheus", "promtool", "curl", "openssl")) {
      Assumptions.assumeTrue(Arrays.stream(System.getenv("PATH").split(":"))
          .anyMatch(directory -> Files.isExecutable(Path.of(directory, program))), program + " is not installed");
    }
    typeAlong(Path.of("docs/tutorial.md"));
  }

  @Test
  void when_a_reader_gets_started_then_one_machine_does_what_is_shown() throws Exception {
    typeAlong(Path.of("docs/getting-started.md"));
  }

  private void typeAlong(Path path) throws Exception {
    Assumptions.assumeTrue("namespaces".equals(System.getProperty("pgraft.test.backend")), "machines are made of namespaces");
    // the servers' user has to come through
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
    binaries = Path.of(System.getenv("PG_CONFIG")).getParent();
    hub = Machine.hub(binaries);
    Document page = Document.read(path);
    for (Document.Block block : page.blocks()) {
      for (Transcript step : Transcript.of(block)) {
        machine(step.machine());
      }
    }
    List<Correction> corrections = new ArrayList<>();
    try {
      for (Document.Block block : page.blocks()) {
        assertEquals("console", block.language(), block.where() + ": every block of this page is a terminal's");
        for (Transcript step : Transcript.of(block)) {
          type(step, block).ifPresent(output -> corrections.add(
              new Correction(block.line() - 1 + step.first(), step.shown().size(), output.lines().toList())));
          for (String more : block.notes("also on")) {
            for (String other : more.split(" ")) {
              type(step.on(other), block);
            }
          }
        }
      }
    } finally {
      write(page, corrections);
    }
  }

  /** Types a command. Gives its output if that is not what is shown, but is to be; fails if it is not to be. */
  private Optional<String> type(Transcript step, Document.Block block) throws Exception {
    Machine machine = machine(step.machine());
    List<String> varying = block.notes("varies").stream().flatMap(text -> Arrays.stream(text.split("; *"))).toList();
    String where = block.page() + ":" + (block.line() + step.first() - 1) + ": on " + step.machine() + ": " + step.command();
    long begin = System.nanoTime();
    String[] output = {""};
    try {
      if (block.has("until")) {
        long end = System.nanoTime() + UNTIL.toNanos();
        do {
          output[0] = machine.output(step.user(), step.directory(), step.command());
          Thread.sleep(100);
        } while (!step.matches(output[0], varying) && System.nanoTime() < end);
        assertTrue(step.matches(output[0], varying), () -> "not so after " + UNTIL.toSeconds() + " s");
      } else {
        output[0] = machine.run(step.user(), step.directory(), step.command());
      }
    } catch (IllegalStateException | AssertionError e) {
      throw new AssertionError(where + "\n" + e.getMessage() + "\nlast output:\n" + output[0] + machine.serverLog(), e);
    }
    System.out.printf("%5.1f s  %s%n", (System.nanoTime() - begin) / 1e9, where);
    if (step.matches(output[0], varying)) {
      return Optional.empty();
    }
    String text = output[0].lines().map(String::stripTrailing).collect(Collectors.joining("\n")).stripTrailing();
    assertTrue(WRITE, () -> where + "\nshown:\n" + String.join("\n", step.shown()) + "\nbut what came is:\n" + text);
    return Optional.of(text);
  }

  private Machine machine(String name) throws Exception {
    Machine machine = machines.get(name);
    if (machine == null) {
      machine = Machine.at(name, ADDRESSES.get(name), hub, shared, binaries);
      machines.put(name, machine);
    }
    return machine;
  }

  /**
   * What has to stand in a page.
   *
   * @param first the index of the first line that is wrong
   * @param count how many are
   * @param lines what belongs there
   */
  private record Correction(int first, int count, List<String> lines) {}

  private static void write(Document page, List<Correction> corrections) throws IOException {
    if (corrections.isEmpty()) {
      return;
    }
    List<String> lines = new ArrayList<>(page.lines());
    for (int i = corrections.size() - 1; i >= 0; i--) {
      Correction correction = corrections.get(i);
      List<String> wrong = lines.subList(correction.first(), correction.first() + correction.count());
      wrong.clear();
      wrong.addAll(correction.lines());
    }
    Files.write(page.path(), lines);
  }
}
