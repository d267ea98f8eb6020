package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.ratis.server.protocol.TermIndex;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the names of the log's segments durable. Ratis appends to {@code log_inprogress_<start>}; when it begins the next
 * segment it renames that to {@code log_<start>-<end>}, but does not fsync the directory. So after a power cut the old name
 * may be back beside the new segment, which Ratis refuses to read, and in theory a new segment with acknowledged entries
 * may be gone. Here the directory is synced before entries in a segment with a new name count as flushed, and a name that
 * came back is put right before the log is opened: everything in that segment was fsynced before it was closed.
 *
 * <p>Before Ratis opens the log, its segments are read here: it must be whole from the snapshot on. The open segment may end
 * in a write that did not finish; that is cut off. What is left of it is then written to a new file and synced, because
 * Ratis counts all that it finds as flushed: after a kill it may never have been, and after a failed fsync Linux forgets
 * what it could not write and lets the next fsync of the same file succeed.
 *
 * <p>Threads: {@link #open} once, before the log is opened; then {@link #beforeFlush} on the log's writing thread, and {@link
 * #close} at the end. No locks.
 */
final class LogSegments {
  private static final Logger LOG = LoggerFactory.getLogger(LogSegments.class);
  private static final Pattern OPEN = Pattern.compile("log_inprogress_(\\d{1,18})");
  private static final Pattern CLOSED = Pattern.compile("log_(\\d{1,18})-(\\d{1,18})");

  /** Where the open segment is written anew; no segment's name. */
  private static final String FRESH = "open_segment.new";

  private final DirectorySync sync;
  private Path directory;

  /** The segment that is appended to, when its name is known to be durable. */
  private OpenSegment current;

  LogSegments(DirectorySync sync) {
    this.sync = sync;
  }

  /**
   * Puts names right that a power cut brought back, and makes the open segment durable.
   *
   * @param log the directory of the segments
   * @param snapshot the last index in the latest snapshot, -1 when there is none
   * @return the last entry of the log; index -1 and term 0 when it has none
   * @throws DamagedFileException when a segment is damaged or missing
   * @throws IOException when the log cannot be read, or what is in it not made durable; it must not be opened
   */
  TermIndex open(Path log, long snapshot) throws IOException {
    directory = log;
    Files.deleteIfExists(log.resolve(FRESH));
    final TreeMap<Long, Path> starts = starts();
    for (Map.Entry<Long, Path> segment : List.copyOf(starts.entrySet())) {
      final Long next = starts.higherKey(segment.getKey());
      if (next != null && isOpen(segment.getValue())) {
        final Path closed = log.resolve("log_" + segment.getKey() + "-" + (next - 1));
        LOG.warn("the log's segment {} was closed before the power was lost; it is {}", segment.getValue(), closed);
        Files.move(segment.getValue(), closed);
        starts.put(segment.getKey(), closed);
      }
    }
    removeInterruptedPurge(starts, snapshot);
    final TermIndex last = read(starts, snapshot);
    sync.sync(directory);
    return last;
  }

  private TreeMap<Long, Path> starts() throws IOException {
    final TreeMap<Long, Path> starts = new TreeMap<>();
    for (String name : names()) {
      final OptionalLong open = start(OPEN, name);
      final OptionalLong any = open.isPresent() ? open : start(CLOSED, name);
      any.ifPresent(start -> starts.put(start, directory.resolve(name)));
    }
    return starts;
  }

  private static boolean isOpen(Path segment) {
    return OPEN.matcher(segment.getFileName().toString()).matches();
  }

  /** Ratis purges the later segments first, so that a purge that was cut short leaves the earlier ones before a gap. */
  private static void removeInterruptedPurge(TreeMap<Long, Path> starts, long snapshot) throws IOException {
    long needed = -1;
    for (Map.Entry<Long, Path> segment : starts.entrySet()) {
      final Map.Entry<Long, Path> before = starts.lowerEntry(segment.getKey());
      if (before != null && end(before.getValue()) + 1 < segment.getKey() && segment.getKey() <= snapshot + 1) {
        needed = segment.getKey();
      }
    }
    for (Path purged : List.copyOf(starts.headMap(needed).values())) {
      LOG.info("the log's segment {} is removed: the snapshot of entry {} has what was in it", purged, snapshot);
      Files.delete(purged);
    }
    starts.headMap(needed).clear();
  }

  private static TermIndex read(TreeMap<Long, Path> starts, long snapshot) throws IOException {
    TermIndex last = TermIndex.valueOf(0, -1);
    long next = starts.isEmpty() ? 0 : Math.min(starts.firstKey(), snapshot + 1);
    for (Map.Entry<Long, Path> segment : starts.entrySet()) {
      final Path file = segment.getValue();
      if (segment.getKey() != next) {
        throw new DamagedFileException(
            "the log in \"" + file.getParent() + "\" has no entries from " + next + " on before file \""
                + file.getFileName() + "\": a file is missing");
      }
      final SegmentScan scan = SegmentScan.of(file, segment.getKey(), end(file));
      if (isOpen(file)) {
        if (scan.bytesBehind() > 0) {
          LOG.warn(
              "the last write to the log's segment {} did not finish: {} bytes after entry {} are cut off",
              file, scan.bytesBehind(), scan.lastIndex());
        }
        writeAnew(file, scan);
      } else if (scan.lastIndex() != end(file)) {
        throw new DamagedFileException(file, "entries are missing after " + (next + scan.entries() - 1));
      } else if (scan.bytesBehind() > 0) {
        // Entries of an earlier leader, which Ratis cut off before it closed the segment, without an fsync.
        LOG.warn(
            "the log's segment {} ends with entry {}, but it has {} bytes more: they were cut off before, and are now again",
            file, scan.lastIndex(), scan.bytesBehind());
        writeAnew(file, scan);
      }
      next += scan.entries();
      if (scan.entries() > 0) {
        last = TermIndex.valueOf(scan.lastTerm(), scan.lastIndex());
      }
    }
    return last;
  }

  /** The last entry of a closed segment, by its name; no end for an open one. */
  private static long end(Path segment) {
    final Matcher name = CLOSED.matcher(segment.getFileName().toString());
    return name.matches() ? Long.parseLong(name.group(2)) : Long.MAX_VALUE - 1;
  }

  private static void writeAnew(Path segment, SegmentScan scan) throws IOException {
    final Path fresh = segment.resolveSibling(FRESH);
    boolean done = false;
    try {
      try (FileChannel out =
          FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        final ByteBuffer whole = ByteBuffer.wrap(scan.whole());
        while (whole.hasRemaining()) {
          out.write(whole);
        }
        out.force(true);
      }
      Files.move(fresh, segment, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      done = true;
    } finally {
      if (!done) {
        // On a full disk it would take the place that others need.
        Files.deleteIfExists(fresh);
      }
    }
  }

  /**
   * Makes the segments' names durable unless the segment that is appended to is the one of the last time.
   *
   * @throws IOException when they are not known to be durable; nothing may be acknowledged
   */
  void beforeFlush() throws IOException {
    if (current != null && current.isStillThere()) {
      return;
    }
    close();
    final OpenSegment next = openSegment();
    try {
      sync.sync(directory);
    } catch (IOException e) {
      if (next != null) {
        next.close();
      }
      throw e;
    }
    current = next;
  }

  private OpenSegment openSegment() throws IOException {
    for (String name : names()) {
      if (OPEN.matcher(name).matches()) {
        return OpenSegment.of(directory.resolve(name));
      }
    }
    return null;
  }

  void close() {
    if (current != null) {
      current.close();
      current = null;
    }
  }

  /**
   * A segment that is appended to. Ratis renames it when it is full. When the log is cut off before it, or when it is empty at
   * the start, Ratis deletes it, and the next one may get the same name: so it is known by its inode, which is kept in use
   * here, because a file system gives a new file the number of one that is gone.
   */
  private record OpenSegment(Path path, Object inode, FileChannel inUse) {
    static OpenSegment of(Path path) throws IOException {
      final FileChannel inUse = FileChannel.open(path, StandardOpenOption.READ);
      try {
        return new OpenSegment(path, inode(path), inUse);
      } catch (IOException e) {
        inUse.close();
        throw e;
      }
    }

    private static Object inode(Path path) throws IOException {
      return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    boolean isStillThere() throws IOException {
      try {
        return inode.equals(inode(path));
      } catch (NoSuchFileException e) {
        return false;
      }
    }

    void close() {
      try {
        inUse.close();
      } catch (IOException e) {
        LOG.warn("{} could not be closed after it was looked at: {}", path, e.toString());
      }
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
