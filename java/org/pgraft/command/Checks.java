package org.pgraft.command;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks of what a request carries; the same on every node, so that all refuse alike. Stateless. */
final class Checks {
  private Checks() {}

  static void key(ByteBuffer key) throws PgraftException {
    if (!key.hasRemaining()) {
      throw new PgraftException(new Failure(SqlState.BAD_ARGUMENT, "the key is empty", "", ""));
    }
    if (key.remaining() > Limits.KEY_BYTES_MAX) {
      throw keyTooLong(key.remaining());
    }
  }

  static PgraftException keyTooLong(int bytes) {
    return new PgraftException(
        new Failure(
            SqlState.LIMIT_EXCEEDED,
            "the key is too long",
            "The key has " + bytes + " bytes in UTF-8, the limit is " + Limits.KEY_BYTES_MAX + ".",
            ""));
  }

  static void value(ByteBuffer value) throws PgraftException {
    if (value.remaining() > Limits.VALUE_BYTES_MAX) {
      throw new PgraftException(
          new Failure(
              SqlState.LIMIT_EXCEEDED,
              "the value is too long",
              "The value has " + value.remaining() + " bytes in UTF-8, the limit is " + Limits.VALUE_BYTES_MAX + ".",
              ""));
    }
  }

  static void timeToLive(long millis) throws PgraftException {
    if (millis < Limits.LEASE_MILLIS_MIN || millis > Limits.LEASE_MILLIS_MAX) {
      throw new PgraftException(
          new Failure(
              SqlState.BAD_ARGUMENT,
              "a lease cannot live " + millis + " ms",
              "Its time to live is from " + Limits.LEASE_MILLIS_MIN + " ms to " + Limits.LEASE_MILLIS_MAX + " ms.",
              ""));
    }
  }

  static void grant(ByteBuffer role, ByteBuffer prefix, int rights) throws PgraftException {
    if (!role.hasRemaining() || role.remaining() > Limits.ROLE_BYTES_MAX) {
      throw new PgraftException(
          new Failure(
              SqlState.BAD_ARGUMENT, "the name of a role has 1 to " + Limits.ROLE_BYTES_MAX + " bytes", "", ""));
    }
    if (prefix.remaining() > Limits.KEY_BYTES_MAX) {
      throw keyTooLong(prefix.remaining());
    }
    if (rights <= 0 || (rights & ~GrantRequest.ALL) != 0) {
      throw new PgraftException(new Failure(SqlState.BAD_ARGUMENT, "there are no rights " + rights, "", ""));
    }
  }

  /** No key may be put twice, or put and deleted, by one branch: each key has one version per revision (etcd's rule). */
  static void distinct(List<TxnOp> ops) throws PgraftException {
    final Set<ByteBuffer> puts = new HashSet<>();
    for (TxnOp op : ops) {
      if (op instanceof TxnOp.Put put && !puts.add(put.key())) {
        throw duplicate(put.key());
      }
    }
    for (TxnOp op : ops) {
      if (op instanceof TxnOp.Delete delete) {
        for (ByteBuffer key : puts) {
          if (delete.keys().contains(key)) {
            throw duplicate(key);
          }
        }
      }
    }
  }

  private static PgraftException duplicate(ByteBuffer key) {
    return new PgraftException(
        new Failure(
            SqlState.BAD_ARGUMENT,
            "duplicate key given in one transaction",
            "Key: " + Describe.key(key),
            "A transaction may change each key once."));
  }

  static void count(int count, int max, String what) throws PgraftException {
    if (count > max) {
      throw new PgraftException(
          new Failure(
              SqlState.LIMIT_EXCEEDED,
              "too many " + what + " in one request",
              "There are " + count + ", the limit is " + max + ".",
              ""));
    }
  }
}
