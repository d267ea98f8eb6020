package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.pgraft.command.Responses;

/**
 * A backup that was read or written as a whole.
 *
 * @param facts what it says of itself
 * @param bytes size of the file
 * @param digest SHA-256 over all of the file but its last 32 bytes, which hold it; in hexadecimal
 */
public record Backup(BackupFacts facts, long bytes, String digest) {
  static Backup of(BackupFacts facts, long bytes, byte[] digest) {
    return new Backup(facts, bytes, HexFormat.of().formatHex(digest));
  }

  /** The response that tells of it: the facts, size (8), digest. */
  public ByteBuffer response() {
    return Responses.begin().raw(facts.encode()).i64(bytes).text(digest).done();
  }
}
