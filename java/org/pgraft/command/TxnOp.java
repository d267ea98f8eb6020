package org.pgraft.command;

import java.nio.ByteBuffer;

/** One operation of a transaction. */
public sealed interface TxnOp {
  /** Wire code of a put. */
  int PUT = 1;

  /** Wire code of a range. */
  int RANGE = 2;

  /** Wire code of a deletion. */
  int DELETE = 3;

  /**
   * Stores a value.
   *
   * @param key the key
   * @param value the value
   * @param lease the lease that the key is attached to, {@link LeaseRequest#NONE} for none
   */
  record Put(ByteBuffer key, ByteBuffer value, long lease) implements TxnOp {}

  /**
   * Reads keys; sees what earlier operations of the same transaction wrote.
   *
   * @param keys which keys
   * @param limit most keys to return, 0 for all
   * @param keysOnly leave the values out
   * @param countOnly return the count alone
   */
  record Range(KeyRange keys, long limit, boolean keysOnly, boolean countOnly) implements TxnOp {}

  /**
   * Deletes keys.
   *
   * @param keys which keys
   */
  record Delete(KeyRange keys) implements TxnOp {}

  static TxnOp read(WireReader in) throws PgraftException {
    final int kind = in.u8();
    switch (kind) {
      case PUT -> {
        final Request.Put put = Request.Put.readBody(in);
        return new Put(put.key(), put.value(), put.lease());
      }
      case RANGE -> {
        final Request.Range range = Request.Range.readBody(in);
        if (range.revision() != 0) {
          throw new PgraftException(
              new Failure(
                  SqlState.BAD_ARGUMENT, "a transaction reads the present, not an earlier revision", "", ""));
        }
        return new Range(range.keys(), range.limit(), range.keysOnly(), range.countOnly());
      }
      case DELETE -> {
        final KeyRange keys = KeyRange.read(in);
        in.u8();
        keys.check();
        return new Delete(keys);
      }
      default -> throw PgraftException.malformed("transaction");
    }
  }
}
