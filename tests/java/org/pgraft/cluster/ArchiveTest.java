package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.pgraft.consensus.Engine;

/** The archive of classes that the installation has made for the worker's JVM. */
final class ArchiveTest extends ClusterTest {
  private static final String ARCHIVE = "pgraft.jsa";

  /** /usr/lib/postgresql/NN/bin, below the directory to which the server was copied. */
  private static final int DEPTH_OF_BINARIES = 5;

  @Test
  void when_a_worker_runs_then_it_maps_the_archive_where_it_was_made_for() throws Exception {
    TestNode node = cluster(1).node(1);
    List<String> mapped = maps(node);
    assertFalse(mapped.isEmpty(), "the worker does not map it");
    // an archive that had to move would be rewritten in memory, page by page
    ProcessUse.Memory memory = ProcessUse.ofWorker(node).memoryOf(ARCHIVE);
    assertTrue(memory.anonymous() < memory.files(), () -> "the worker has pages of its own in the archive: " + memory);
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

  @Test
  void when_the_engine_has_classes_then_most_of_them_are_listed() throws Exception {
    Set<String> listed = new HashSet<>();
    for (String line : Files.readAllLines(Path.of("java/pgraft.classlist"))) {
      listed.add(line.split(" ")[0]);
    }
    List<String> unlisted;
    Path classes = Path.of(Engine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(classes.resolve("org/pgraft"))) {
      unlisted = files.map(file -> classes.relativize(file).toString()).filter(name -> name.endsWith(".class"))
          .map(name -> name.substring(0, name.length() - ".class".length())).filter(name -> !listed.contains(name)).toList();
    }
    // what only errors and rare requests need is not worth the memory
    assertTrue(unlisted.size() < 80, () -> "renew the list by scripts/classlist; it lacks " + unlisted);
  }

  @Test
  void when_the_archive_is_damaged_then_the_worker_runs_without_it_from_its_second_start_on() throws Exception {
    Path binaries = Path.of(System.getProperty("pgraft.test.bindir", "/nowhere"));
    assumeTrue(Files.isWritable(binaries), "the servers of this run cannot be copied");
    Path copy = Files.createTempDirectory("pgraft-damaged");
    try {
      // a copy of the server whose archive was made there, and then cut short
      Path root = binaries.getRoot().resolve(binaries.subpath(0, binaries.getNameCount() - DEPTH_OF_BINARIES));
      Path library = copy.resolve(root.relativize(binaries)).resolveSibling("lib").resolve("pgraft");
      Command.run(List.of("sh", "-c", "chmod 755 \"$2\" && cp -a \"$1\"/. \"$2\" && \"$3\"/class_archive"
          + " && truncate -s 20M \"$3\"/" + ARCHIVE, "sh", root.toString(), copy.toString(), library.toString()))
          .orFail("copying a server");
      Build build = new Build(copy.resolve(root.relativize(binaries)).toString(), Build.plain().disk());
      TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of(), build));
      TestNode node = cluster.node(1);
      node.start();
      Await.until("it leads", node::leads);
      assertTrue(node.log().contains("its worker starts again"), "the first start did not survive the archive");
      assertEquals(List.of(), maps(node));
    } finally {
      Command.run(List.of("rm", "-rf", copy.toString())).orFail("rm");
    }
  }

  private static List<String> maps(TestNode node) throws Exception {
    return node.host().run("cat", "/proc/" + node.worker() + "/maps").orFail("cat").text().lines()
        .filter(line -> line.endsWith(ARCHIVE)).toList();
  }
}
