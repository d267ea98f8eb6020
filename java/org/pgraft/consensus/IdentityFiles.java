package org.pgraft.consensus;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the {@link Identity} in two places that must agree: the file {@code identity} in pgraft's own directory, and the
 * marker {@code pgraft.identity} inside PGDATA, which tells when the directory is lost.
 *
 * <p>Used by the thread that starts the engine, and later, for changes of the member list by Ratis' apply thread and for
 * introductions of other nodes by gRPC's threads; the monitor of this object guards the identity, also while it is written.
 */
final class IdentityFiles {
  private static final Logger LOG = LoggerFactory.getLogger(IdentityFiles.class);
  private static final String FILE = "identity";
  private static final String CHECKSUM = "checksum";
  private static final String MARKER = "pgraft.identity";

  private final Path directory;
  private final Path marker;
  private final DirectorySync sync;
  private Identity current;

  private IdentityFiles(Path directory, Path marker, DirectorySync sync, Identity current) {
    this.directory = directory;
    this.marker = marker;
    this.sync = sync;
    this.current = current;
  }

  /**
   * Checks that this node may use {@code directory}. What others know of it is asked by {@link Clearance}.
   *
   * @throws EngineException when the directory is lost, belongs to another node or another cluster, or cannot be read
   */
  static IdentityFiles claim(Path directory, Path pgdata, String clusterId, int nodeId, DirectorySync sync)
      throws EngineException {
    final Path marker = pgdata.resolve(MARKER);
    try {
      final Optional<Identity> kept = read(directory.resolve(FILE));
      final Optional<Identity> marked = read(marker);
      final Identity identity;
      if (kept.isPresent()
          && (isMember(marked, nodeId) || !mayChange(kept.get(), directory, clusterId, nodeId))) {
        identity = checked(kept.get(), marked, directory, marker, clusterId, nodeId);
      } else {
        refuseLostDirectory(marked, directory, marker, nodeId);
        identity = Identity.fresh(clusterId, nodeId);
      }
      final IdentityFiles files = new IdentityFiles(directory, marker, sync, identity);
      if (!kept.equals(Optional.of(identity))) {
        files.store(identity);
      }
      files.mark();
      return files;
    } catch (IOException e) {
      throw DiskError.of(e, directory)
          .orElseGet(
              () ->
                  new EngineException(
                      "could not read or write the node's identity: " + e,
                      "Check the permissions of \"" + directory + "\" and \"" + pgdata + "\".",
                      e));
    }
  }

  /**
   * Whether the directory is another node's, but was only prepared: that node was never a member and has no group that it may have voted in. Then it
   * may become another node's, for example when a mistake in the settings is corrected.
   */
  private static boolean mayChange(Identity kept, Path directory, String clusterId, int nodeId) throws IOException {
    if (kept.member() || kept.nodeId() == nodeId && kept.clusterId().equals(clusterId)) {
      return false;
    }
    final Path groups = new EngineFiles(directory).raft();
    if (!Files.isDirectory(groups)) {
      return true;
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(groups)) {
      return !found.iterator().hasNext();
    }
  }

  private static Identity checked(
      Identity kept, Optional<Identity> marked, Path directory, Path marker, String clusterId, int nodeId)
      throws EngineException {
    if (kept.nodeId() != nodeId) {
      throw new EngineException(
          "directory \"" + directory + "\" belongs to node " + kept.nodeId() + ", but this server is node " + nodeId,
          "Set pgraft.data_dir to the directory of node " + nodeId + ", or correct pgraft.name or pgraft.node_id.");
    }
    if (!kept.clusterId().equals(clusterId)) {
      throw new EngineException(
          "directory \"" + directory + "\" belongs to cluster \"" + kept.clusterId()
              + "\", but pgraft.cluster_id is \"" + clusterId + "\"",
          "Correct pgraft.cluster_id, or set pgraft.data_dir to a new directory to join another cluster.");
    }
    if (isMember(marked, nodeId) && !marked.get().directory().equals(kept.directory())) {
      throw new EngineException(
          "directory \"" + directory + "\" is not the one that this server used before",
          "Put the right directory back. If it is meant to be this one, delete \"" + marker + "\".");
    }
    return kept;
  }

  private static void refuseLostDirectory(Optional<Identity> marked, Path directory, Path marker, int nodeId)
      throws EngineException {
    // A marker of another node came with a copy of that node's PGDATA and says nothing about this one.
    if (isMember(marked, nodeId)) {
      throw new EngineException(
          "directory \"" + directory + "\" of node " + nodeId
              + " is lost: it holds no identity, but this server used it before",
          "Put the directory back. If this server's data directory is a copy of another's, as pg_basebackup makes one, leave node "
              + nodeId + " as it is: delete \"" + marker + "\" here, and give this server a pgraft.node_id, pgraft.address and"
              + " pgraft.port of its own. If the directory is gone for good, run pgraft_remove_node(" + nodeId
              + ") on another member. " + Failures.START_AFRESH);
    }
  }

  private static boolean isMember(Optional<Identity> marked, int nodeId) {
    return marked.isPresent() && marked.get().nodeId() == nodeId && marked.get().member();
  }

  synchronized Identity identity() {
    return current;
  }

  /** Remembers, durably, the run in which this node takes part from now on. */
  synchronized void beginRun(long run) throws IOException {
    if (current.run() != run) {
      store(current.inRun(run));
    }
  }

  /** Remembers, durably, that this node is a member from now on. */
  synchronized void becomeMember() throws IOException {
    if (!current.member()) {
      store(current.asMember());
    }
    mark();
  }

  /**
   * Remembers the members of the configuration in force, for the questions of the next start. A member that has come back
   * with another directory has not introduced itself with it here, because it was let in by the lease holder: what the
   * member table says of it takes the place of what was noted of the one before.
   *
   * @param table what the replicated member table says of a node
   */
  synchronized void rememberMembers(Map<Integer, String> members, IntFunction<Optional<KnownDirectory>> table)
      throws IOException {
    Identity next = current.withMembers(members);
    for (int id : members.keySet()) {
      final KnownDirectory noted = current.introduced().get(id);
      final Optional<KnownDirectory> entered = table.apply(id).filter(known -> !known.removed());
      if (noted != null && entered.isPresent() && !entered.get().directory().equals(noted.directory())) {
        next = next.withIntroduced(id, entered.get());
      }
    }
    if (!next.equals(current)) {
      store(next);
    }
  }

  /** What was noted of another node's directory and forbids the one that it shows now. */
  synchronized Optional<KnownDirectory> objection(int node, ShownDirectory shown) {
    return Optional.ofNullable(current.introduced().get(node)).filter(before -> before.forbids(shown));
  }

  /**
   * Another node is about to take part with a directory. It is noted durably before it is answered, so that a later start of
   * that node with another directory, or with an older copy of this one, is recognized here.
   *
   * @param binding whether what was noted before counts; false to replace it by what is shown now
   * @return what was noted before and forbids the directory shown; nothing when it is noted now
   */
  synchronized Optional<KnownDirectory> introduce(int node, ShownDirectory shown, boolean binding) throws IOException {
    final Optional<KnownDirectory> objection = objection(node, shown);
    if (binding && objection.isPresent()) {
      return objection;
    }
    if (!shown.known().equals(current.introduced().get(node))) {
      store(current.withIntroduced(node, shown.known()));
    }
    return Optional.empty();
  }

  /** What could not be stored is not remembered either, so that a repetition tries again. */
  private void store(Identity next) throws IOException {
    write(directory.resolve(FILE), next);
    current = next;
  }

  private void mark() throws IOException {
    final Optional<Identity> marked;
    try {
      marked = read(marker);
    } catch (EngineException e) {
      throw new IOException(e.getMessage() + " " + e.hint(), e);
    }
    if (marked.isPresent()
        && marked.get().directory().equals(current.directory())
        && marked.get().member() == current.member()) {
      return;
    }
    if (marked.isPresent() && marked.get().nodeId() != current.nodeId()) {
      LOG.info("replacing the marker of node {}, which came with a copy of its data directory", marked.get().nodeId());
    }
    write(marker, current);
  }

  private void write(Path file, Identity identity) throws IOException {
    final Properties properties = new Properties();
    properties.setProperty("cluster_id", identity.clusterId());
    properties.setProperty("node_id", Integer.toString(identity.nodeId()));
    properties.setProperty("directory_uuid", identity.directory().toString());
    properties.setProperty("run", Long.toString(identity.run()));
    properties.setProperty("member", Boolean.toString(identity.member()));
    properties.setProperty("members", identity.membersLine());
    properties.setProperty("introduced", identity.introducedLine());
    properties.setProperty(CHECKSUM, checksum(properties));
    final StringWriter text = new StringWriter();
    properties.store(text, "Identity of a pgraft node. Never edit, copy or restore this file.");
    DurableFile.replace(file, text.toString().getBytes(StandardCharsets.UTF_8), sync);
  }

  private static Optional<Identity> read(Path file) throws IOException, EngineException {
    final Properties properties = new Properties();
    try {
      properties.load(new StringReader(Files.readString(file)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      throw damaged(file, e);
    }
    try {
      if (!required(properties, CHECKSUM).equals(checksum(properties))) {
        throw new IllegalArgumentException("its checksum is wrong");
      }
      return Optional.of(
          new Identity(
              required(properties, "cluster_id"),
              Integer.parseInt(required(properties, "node_id")),
              UUID.fromString(required(properties, "directory_uuid")),
              Long.parseLong(required(properties, "run")),
              Boolean.parseBoolean(required(properties, "member")),
              members(properties.getProperty("members", "")),
              introduced(properties.getProperty("introduced", ""))));
    } catch (IllegalArgumentException e) {
      throw damaged(file, e);
    }
  }

  /** CRC-32C of all other properties, by which a single wrong byte is noticed. */
  private static String checksum(Properties properties) {
    final CRC32C checksum = new CRC32C();
    for (String name : new TreeSet<>(properties.stringPropertyNames())) {
      if (!name.equals(CHECKSUM)) {
        checksum.update((name + "=" + properties.getProperty(name) + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
    return Long.toHexString(checksum.getValue());
  }

  private static String required(Properties properties, String name) {
    final String value = properties.getProperty(name);
    if (value == null) {
      throw new IllegalArgumentException("\"" + name + "\" is missing");
    }
    return value;
  }

  private static Map<Integer, String> members(String line) {
    final Map<Integer, String> members = new HashMap<>();
    for (String member : line.split(",")) {
      final int equals = member.indexOf('=');
      if (equals > 0) {
        members.put(Integer.parseInt(member.substring(0, equals)), member.substring(equals + 1));
      }
    }
    return members;
  }

  private static Map<Integer, KnownDirectory> introduced(String line) {
    final Map<Integer, KnownDirectory> introduced = new HashMap<>();
    for (String one : line.split(",")) {
      final int equals = one.indexOf('=');
      final int slash = one.indexOf('/');
      if (equals > 0 && slash > equals) {
        introduced.put(
            Integer.parseInt(one.substring(0, equals)),
            new KnownDirectory(
                UUID.fromString(one.substring(equals + 1, slash)), Long.parseLong(one.substring(slash + 1))));
      }
    }
    return introduced;
  }

  private static EngineException damaged(Path file, Exception cause) {
    return new EngineException(
        "file \"" + file + "\" is damaged: " + cause.getMessage(),
        "Restore the file from where it was, or treat the node as lost: remove it from the cluster on another member and"
            + " add it again with an empty directory.",
        cause);
  }
}
