package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;

/**
 * The copy of the last configuration that Ratis keeps beside the log, for when its entry has been purged. Ratis goes on
 * without members when it cannot read it. Stateless.
 *
 * <p>Ratis renames the file into place but does not fsync the directory, so a power cut may bring back the one before, or
 * none; whatever lets the log be purged has to come after {@link #makeDurable}.
 */
final class ConfigurationFile {
  private ConfigurationFile() {}

  /**
   * Makes a configuration durable that Ratis was to write just now. When it could not, it has only logged that, and has left
   * an old file or an empty one.
   *
   * @param directory where Ratis keeps it
   * @param entry the entry of that configuration
   * @throws IOException when it is not known to be durable; no snapshot may be taken then
   */
  static void makeDurable(Path directory, LogEntryProto entry) throws IOException {
    final Path file = in(directory);
    if (!holds(file, entry)) {
      DurableFile.replace(file, entry.toByteArray(), DirectorySync.FSYNC);
    }
    DurableFile.keep(file, DirectorySync.FSYNC);
    DirectorySync.FSYNC.sync(directory);
  }

  private static boolean holds(Path file, LogEntryProto entry) throws IOException {
    try {
      final LogEntryProto found = LogEntryProto.parseFrom(Files.readAllBytes(file));
      return found.getTerm() == entry.getTerm()
          && found.getIndex() == entry.getIndex()
          && found.getConfigurationEntry().equals(entry.getConfigurationEntry());
    } catch (NoSuchFileException | InvalidProtocolBufferException e) {
      return false;
    }
  }

  /** Where it is. */
  static Path in(Path directory) {
    return directory.resolve("raft-meta.conf");
  }

  /**
   * Demands that the configuration can be read.
   *
   * @param directory where Ratis keeps it, beside the log
   * @param needed whether the log may have lost its entry to a snapshot; without a file there is then no configuration
   * @throws DamagedFileException when it cannot
   */
  static void require(Path directory, boolean needed) throws IOException {
    final Path file = in(directory);
    if (!Files.exists(file)) {
      if (needed) {
        throw new DamagedFileException(file, "it is missing");
      }
      return;
    }
    final LogEntryProto entry;
    try {
      entry = LogEntryProto.parseFrom(Files.readAllBytes(file));
    } catch (InvalidProtocolBufferException e) {
      throw new DamagedFileException(file, e.getMessage());
    }
    if (entry.getConfigurationEntry().getPeersCount() == 0) {
      throw new DamagedFileException(file, "it names no members");
    }
    for (RaftPeerProto peer : entry.getConfigurationEntry().getPeersList()) {
      try {
        Integer.parseInt(peer.getId().toStringUtf8());
        final InetSocketAddress address = HostPort.parse(peer.getAddress());
        new URI(null, null, address.getHostString(), address.getPort(), null, null, null);
      } catch (IllegalArgumentException | IndexOutOfBoundsException | URISyntaxException e) {
        throw new DamagedFileException(file, "it names a member that cannot be: " + e.getMessage());
      }
    }
  }
}
