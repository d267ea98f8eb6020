package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.pgraft.command.KeyRange;

/**
 * The checksum of a state: CRC-32C and CRC-32 (both are instructions of the processor) over all keys in their order, each
 * with the lengths of key and value, create revision, mod revision, version and lease. Stateless.
 */
final class Checksum {
  private static final int NUMBERS_BYTES = 2 * Integer.BYTES + 4 * Long.BYTES;
  private static final KeyRange ALL = new KeyRange(ByteBuffer.allocate(0), ByteBuffer.allocate(1));

  private Checksum() {}

  static long of(Versions versions, long revision) {
    final CRC32C high = new CRC32C();
    final CRC32 low = new CRC32();
    final ByteBuffer numbers = ByteBuffer.allocateDirect(NUMBERS_BYTES);
    for (boolean found = versions.first(ALL, revision); found; found = versions.next()) {
      numbers
          .clear()
          .putInt(versions.keyLength())
          .putInt(versions.valueLength())
          .putLong(versions.createRevision())
          .putLong(versions.revision())
          .putLong(versions.version())
          .putLong(versions.lease());
      high.update(numbers.flip());
      low.update(numbers.rewind());
      high.update(versions.keyAndValue());
      low.update(versions.keyAndValue());
    }
    return high.getValue() << 32 | low.getValue();
  }
}
