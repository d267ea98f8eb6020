package org.pgraft.command;

import java.nio.ByteBuffer;

/**
 * One condition of a transaction, on the state before any of its operations. A key that does not exist has version,
 * revisions and lease 0, and no value: a comparison of its value is false.
 *
 * @param target what of the key is compared
 * @param relation how
 * @param key the key
 * @param number what it is compared with, unless the target is the value
 * @param value what it is compared with, if the target is the value; else null
 */
public record Comparison(Target target, Relation relation, ByteBuffer key, long number, ByteBuffer value) {
  /** What of a key is compared; in the order of the wire codes. */
  public enum Target {
    VERSION,
    CREATE_REVISION,
    MOD_REVISION,
    VALUE,
    LEASE
  }

  /** How; in the order of the wire codes. */
  public enum Relation {
    EQUAL,
    GREATER,
    LESS,
    NOT_EQUAL;

    /** Whether the relation holds, given how the key's side compares to the other. */
    public boolean holds(int compared) {
      return switch (this) {
        case EQUAL -> compared == 0;
        case GREATER -> compared > 0;
        case LESS -> compared < 0;
        case NOT_EQUAL -> compared != 0;
      };
    }
  }

  static Comparison read(WireReader in) throws PgraftException {
    final int target = in.u8();
    final int relation = in.u8();
    if (target >= Target.values().length || relation >= Relation.values().length) {
      throw PgraftException.malformed("transaction");
    }
    final ByteBuffer key = in.bytes();
    Checks.key(key);
    if (in.bytes().hasRemaining()) {
      throw new PgraftException(
          new Failure(SqlState.BAD_ARGUMENT, "a comparison names one key, not a range", "", ""));
    }
    final Target on = Target.values()[target];
    return on == Target.VALUE
        ? new Comparison(on, Relation.values()[relation], key, 0, in.bytes())
        : new Comparison(on, Relation.values()[relation], key, in.i64(), null);
  }
}
