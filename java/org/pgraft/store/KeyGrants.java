package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.Txn;
import org.pgraft.command.GrantRequest;
import org.pgraft.command.Limits;

/**
 * Which roles may read and write the keys that begin with which prefixes.
 *
 * <p>Table "key_grant": number of the grant (8) to rights (1), length of the role's name (1), that name, the prefix. The number
 * is the version of the grants with which it came: role and prefix together may be longer than a key of LMDB. Sessions read
 * the table in C.
 *
 * <p>Not thread-safe; apply thread only.
 */
final class KeyGrants {
  private static final int RIGHTS = 0;
  private static final int ROLE_LENGTH = 1;
  private static final int ROLE = 2;

  /** To whom a grant is, and for which keys. */
  private record Subject(ByteBuffer role, ByteBuffer prefix) {
    Subject copy() {
      return new Subject(bytes(role), bytes(prefix));
    }

    private static ByteBuffer bytes(ByteBuffer of) {
      return ByteBuffer.allocate(of.remaining()).put(of.duplicate()).flip();
    }
  }

  private record Entry(long number, int rights) {}

  private final Dbi<ByteBuffer> table;
  private final Map<Subject, Entry> grants = new HashMap<>();
  private final ByteBuffer numberKey = ByteBuffer.allocateDirect(Long.BYTES);

  KeyGrants(Tables tables) {
    this.table = tables.keyGrants();
  }

  void load(Txn<ByteBuffer> txn) {
    try (Cursor<ByteBuffer> cursor = table.openCursor(txn)) {
      for (boolean found = cursor.first(); found; found = cursor.next()) {
        load(cursor.key(), cursor.val());
      }
    }
  }

  private void load(ByteBuffer number, ByteBuffer record) {
    if (number.remaining() != Long.BYTES || record.remaining() < ROLE) {
      throw new DamagedException("a grant of keys makes no sense");
    }
    final int rights = record.get(RIGHTS);
    final int prefixAt = ROLE + Byte.toUnsignedInt(record.get(ROLE_LENGTH));
    final int prefixLength = record.remaining() - prefixAt;
    if (rights <= 0 || rights > GrantRequest.ALL || prefixLength < 0 || prefixLength > Limits.KEY_BYTES_MAX) {
      throw new DamagedException("a grant of keys makes no sense");
    }
    grants.put(
        new Subject(record.slice(ROLE, prefixAt - ROLE), record.slice(prefixAt, prefixLength)).copy(),
        new Entry(number.getLong(0), rights));
  }

  int count() {
    return grants.size();
  }

  /** The rights that a role was given for exactly this prefix, as bits. */
  int rights(ByteBuffer role, ByteBuffer prefix) {
    final Entry entry = grants.get(new Subject(role, prefix));
    return entry == null ? 0 : entry.rights();
  }

  /**
   * Enters the rights of a role for a prefix.
   *
   * @param rights none to remove the grant
   * @param number the number of the grant if it is new
   */
  void write(Txn<ByteBuffer> txn, ByteBuffer role, ByteBuffer prefix, int rights, long number) {
    final Subject subject = new Subject(role, prefix).copy();
    final Entry known = grants.get(subject);
    numberKey.putLong(0, known == null ? number : known.number());
    if (rights == 0) {
      table.delete(txn, numberKey);
      grants.remove(subject);
      return;
    }
    table
        .reserve(txn, numberKey, ROLE + role.remaining() + prefix.remaining())
        .put((byte) rights)
        .put((byte) role.remaining())
        .put(role.duplicate())
        .put(prefix.duplicate());
    grants.put(subject, new Entry(numberKey.getLong(0), rights));
  }
}
