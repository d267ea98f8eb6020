package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
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
   * Makes the configuration that Ratis wrote last durable.
   *
   * @param directory where Ratis keeps it
   * @throws IOException when that cannot be said; no snapshot may be taken then
   */
  static void makeDurable(Path directory) throws IOException {
    DirectorySync.FSYNC.sync(directory);
  }

  /**
   * Demands that the configuration can be read.
   *
   * @param directory where Ratis keeps it, beside the log
   * @param needed whether the log may have lost its entry to a snapshot; without a file there is then no configuration
   * @throws DamagedFileException when it cannot
   */
  static void require(Path directory, boolean needed) throws IOException {
    final Path file = directory.resolve("raft-meta.conf");
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
