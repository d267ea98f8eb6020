package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the names of the log's segments durable. Ratis appends to {@code log_inprogress_<start>}; when it begins the next
 * segment it renames that to {@code log_<start>-<end>}, but does not fsync the directory. So after a power cut the old name
 * may be back beside the new segment, which Ratis refuses to read, and in theory a new segment with acknowledged entries
 * may be gone. Here the directory is synced before entries in a segment with a new name count as flushed, and a name that
 * came back is put right before the log is opened: everything in that segment was fsynced before it was closed.
 *
 * <p>Threads: {@link #open} once, before the log is opened; then {@link #beforeFlush} on the log's writing thread. No locks.
 */
final class LogSegments {
  private static final Logger LOG = LoggerFactory.getLogger(LogSegments.class);
  private static final Pattern OPEN = Pattern.compile("log_inprogress_(\\d{1,18})");
  private static final Pattern CLOSED = Pattern.compile("log_(\\d{1,18})-(\\d{1,18})");

  private final DirectorySync sync;
  private Path directory;
  private Set<String> durable = Set.of();

  LogSegments(DirectorySync sync) {
    this.sync = sync;
  }

  /**
   * Puts names right that a power cut brought back.
   *
   * @param log the directory of the segments
   * @throws IOException when that is not possible; the log must not be opened
   */
  void open(Path log) throws IOException {
    directory = log;
    final TreeMap<Long, Path> starts = new TreeMap<>();
    final TreeMap<Long, Path> inProgress = new TreeMap<>();
    for (String name : names()) {
      final OptionalLong open = start(OPEN, name);
      open.ifPresent(start -> inProgress.put(start, log.resolve(name)));
      final OptionalLong any = open.isPresent() ? open : start(CLOSED, name);
      any.ifPresent(start -> starts.put(start, log.resolve(name)));
    }
    for (Map.Entry<Long, Path> segment : inProgress.entrySet()) {
      final Long next = starts.higherKey(segment.getKey());
      if (next != null) {
        final Path closed = log.resolve("log_" + segment.getKey() + "-" + (next - 1));
        LOG.warn("the log's segment {} was closed before the power was lost; it is {}", segment.getValue(), closed);
        Files.move(segment.getValue(), closed);
      }
    }
    durable = Set.of();
    beforeFlush();
  }

  /**
   * Makes the segments' names durable if they have changed.
   *
   * @throws IOException when they are not known to be durable; nothing may be acknowledged
   */
  void beforeFlush() throws IOException {
    final Set<String> now = names();
    if (!now.equals(durable)) {
      sync.sync(directory);
      durable = now;
    }
  }

  private Set<String> names() throws IOException {
    final Set<String> names = new HashSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "log_*")) {
      for (Path file : files) {
        names.add(file.getFileName().toString());
      }
    }
    return names;
  }

  private static OptionalLong start(Pattern pattern, String name) {
    final Matcher matcher = pattern.matcher(name);
    return matcher.matches() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
  }
}
