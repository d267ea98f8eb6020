package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The archive of classes that the installation has made for the worker's JVM. */
final class ArchiveTest extends ClusterTest {
  private static final String ARCHIVE = "pgraft.jsa";

  @Test
  void when_a_worker_runs_then_it_maps_the_archive_where_it_was_made_for() throws Exception {
    TestNode node = cluster(1).node(1);
    List<String> mapped = maps(node);
    assertFalse(mapped.isEmpty(), "the worker does not map it");
    // an archive that had to move would be rewritten in memory, page by page
    long anonymous = number(node, "awk '/^[0-9a-f]+-/ { archive = /" + ARCHIVE + "/ } archive && /^Anonymous:/ { sum += $2 }"
        + " END { print sum + 0 }'");
    long resident = number(node, "awk '/^[0-9a-f]+-/ { archive = /" + ARCHIVE + "/ } archive && /^Rss:/ { sum += $2 }"
        + " END { print sum + 0 }'");
    assertTrue(anonymous < 0.6 * resident, () -> anonymous + " kB of " + resident + " kB are the worker's own");
  }

  @Test
  void when_the_jars_have_changed_then_the_worker_runs_without_the_archive() throws Exception {
    TestNode node = cluster(1).node(1);
    // another class path is to the JVM what other jars are
    String jar = node.host().run("sh", "-c", "ls \"$1\"/../lib/pgraft/jul-to-slf4j-*.jar", "sh", node.host().binaries())
        .orFail("ls").text().strip();
    node.set("pgraft.jvm_options", "-Xbootclasspath/a:" + jar);
    node.restart();
    Await.until("it leads", node::leads);
    assertEquals(List.of(), maps(node));
    node.put("key", "value");
    assertEquals("value", node.get("key"));
  }

  @Test
  void when_classes_are_listed_for_the_archive_then_they_exist() throws Exception {
    List<String> listed = Files.readAllLines(Path.of("java/pgraft.classlist")).stream()
        .filter(line -> line.startsWith("org/pgraft/")).map(line -> line.split(" ")[0]).toList();
    List<String> missing = listed.stream()
        .filter(name -> getClass().getResource("/" + name + ".class") == null).toList();
    assertTrue(listed.size() > 100, () -> listed.size() + " classes are listed");
    assertTrue(missing.size() < 0.1 * listed.size(), () -> "renew the list by scripts/classlist; there is no " + missing);
  }

  private static List<String> maps(TestNode node) throws Exception {
    return node.host().run("cat", "/proc/" + node.worker() + "/maps").orFail("cat").text().lines()
        .filter(line -> line.endsWith(ARCHIVE)).toList();
  }

  private static long number(TestNode node, String command) throws Exception {
    return Long.parseLong(node.host().run("sh", "-c", command + " /proc/" + node.worker() + "/smaps").orFail("awk").text()
        .strip());
  }
}
