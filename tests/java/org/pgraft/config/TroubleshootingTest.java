package org.pgraft.config;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of messages speaks of messages that there are. */
final class TroubleshootingTest {
  private static final String HEADING = "### `";

  @Test
  void when_aMessageIsExplained_then_theProgramHasIt() throws IOException {
    final String sources = sources();
    final List<String> messages =
        Files.readAllLines(Path.of("docs/troubleshooting.md")).stream()
            .filter(line -> line.startsWith(HEADING))
            .map(line -> line.substring(HEADING.length(), line.lastIndexOf('`')))
            .toList();
    assertTrue(messages.size() > 25, messages::toString);
    for (String message : messages) {
      for (String part : message.split("…")) {
        final String fixed = part.replace("\"", "").strip();
        assertTrue(fixed.isEmpty() || sources.contains(fixed), () -> "nothing says \"" + fixed + "\" of: " + message);
      }
    }
  }

  /** With texts that go over several lines put together, and without the quotes that are written in several ways. */
  private static String sources() throws IOException {
    try (Stream<Path> java = Files.walk(Path.of("java")); Stream<Path> c = Files.walk(Path.of("native"))) {
      return Stream.concat(java, c)
          .filter(file -> file.toString().endsWith(".java") || file.toString().endsWith(".c"))
          .map(TroubleshootingTest::read)
          .collect(Collectors.joining("\n"));
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).replaceAll("\"\\s*\\+?\\s*\"", "").replace("\\\"", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
