package org.pgraft.consensus;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * What Ratis keeps of a node's term and vote (Raft paper, figure 2: currentTerm and votedFor). The file has no checksum;
 * what can be seen of damage is seen here.
 *
 * @param file where it is kept
 * @param term the latest term that the node knows
 * @param votedFor id of the node that got its vote in that term, or empty
 */
record VoteFile(Path file, long term, String votedFor) {
  private static final String NAME = "raft-meta";

  /** Where it is. */
  static Path in(Path directory) {
    return directory.resolve(NAME);
  }

  /**
   * Reads the file.
   *
   * @param directory where Ratis keeps it, beside the log
   * @throws DamagedFileException when it holds no term and vote
   */
  static VoteFile read(Path directory) throws IOException {
    final Path file = in(directory);
    final Properties found = new Properties();
    try {
      found.load(new StringReader(Files.readString(file)));
      final String votedFor = found.getProperty("votedFor");
      if (votedFor == null) {
        throw new DamagedFileException(file, "it holds no vote");
      }
      if (!votedFor.isEmpty()) {
        Integer.parseInt(votedFor);
      }
      return new VoteFile(file, Long.parseLong(found.getProperty("term", "")), votedFor);
    } catch (IllegalArgumentException e) {
      throw new DamagedFileException(file, "it holds no term and vote: " + e.getMessage());
    }
  }
}
