package org.pgraft.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.pgraft.cluster.NodeHost;

/** Where it was measured. */
final class Machine {
  private static final int BLOCK = 4096;
  private static final long NANOS = 2_000_000_000L;

  private Machine() {}

  /** Processors, memory, kernel and versions, as one sentence. */
  static String describe(NodeHost host) throws IOException {
    String processor = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name")).findFirst()
        .map(line -> line.substring(line.indexOf(':') + 2)).orElse("unknown");
    long memoryKb = Files.readAllLines(Path.of("/proc/meminfo")).stream()
        .filter(line -> line.startsWith("MemTotal")).findFirst()
        .map(line -> Long.parseLong(line.replaceAll("\\D+", ""))).orElse(0L);
    String fileSystem = host.run("stat", "-f", "-c", "%T", host.directory()).orFail("stat").text().strip();
    return Runtime.getRuntime().availableProcessors() + " cores (" + processor + "), " + memoryKb / (1 << 20)
        + " GB of memory, Linux " + System.getProperty("os.version") + ", " + fileSystem + "; "
        + host.run(host.binaries() + "/postgres", "--version").orFail("postgres").text().strip()
        + ", Java " + Runtime.version().feature()
        + etcd(host).map(version -> ", etcd " + version).orElse("") + ".";
  }

  private static Optional<String> etcd(NodeHost host) {
    return Etcd.whyNot().isPresent() ? Optional.empty()
        : host.run("etcd", "--version").text().lines().findFirst().map(line -> line.replace("etcd Version: ", ""));
  }

  /** How many blocks a second can be appended to a file and made durable one after the other: what bounds a lone writer. */
  static double fsyncsPerSecond() throws IOException {
    Path file = Files.createTempFile("pgraft-fsync", "");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long count = 0;
      final long begin = System.nanoTime();
      long took;
      do {
        channel.write(ByteBuffer.allocate(BLOCK));
        channel.force(false);
        count++;
        took = System.nanoTime() - begin;
      } while (took < NANOS);
      return count * 1e9 / took;
    } finally {
      Files.delete(file);
    }
  }
}
