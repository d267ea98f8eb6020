package org.pgraft.command;

import java.util.Locale;

/** The operations, with their codes on the wire. A code is never given a second meaning. */
public enum Op {
  PUT(1, true, false),
  DELETE(2, true, false),
  TXN(3, true, false),
  RANGE(4, false, false),
  COMPACT(5, true, false),
  RESET(6, true, false),
  LEASE_GRANT(7, true, false),
  LEASE_REVOKE(8, true, false),
  LOG_APPEND(10, true, false),
  AUTHORIZED(11, true, false),
  KEY_GRANT(12, true, false),
  KEY_REVOKE(13, true, false),
  KEY_ENFORCE(14, true, false),
  ACQUIRE(20, true, true),
  RELEASE(21, true, true),
  NODE_START(22, true, true),
  NODE_REMOVED(23, true, true),
  SET_QUOTA(24, true, true),
  LEASE_EXPIRE(25, true, true),
  LEASE_KEEP_ALIVE(30, false, false),
  LEASE_LIST(31, false, false),
  LEASE_KEYS(32, false, false),
  BARRIER(40, false, false),
  INIT(41, false, false),
  ADD_NODE(42, false, false),
  REMOVE_NODE(43, false, false),
  LOG_WAIT(44, false, false),
  LOG_GET(45, false, false),
  LOG_LIST(46, false, false),
  TEST(47, false, false),
  SET_DEBUG(48, false, false),
  TRANSFER(49, false, false),
  SNAPSHOT(50, false, false),
  HASH(51, false, false),
  BACKUP(52, false, false),
  BACKUP_VERIFY(53, false, false),
  RESTORE(54, false, false),
  REPLACE_NODE(55, false, false);

  private static final Op[] BY_CODE = new Op[64];

  static {
    for (Op op : values()) {
      BY_CODE[op.code] = op;
    }
  }

  private final int code;
  private final boolean logged;
  private final boolean internal;
  private final String type;

  Op(int code, boolean logged, boolean internal) {
    this.code = code;
    this.logged = logged;
    this.internal = internal;
    this.type = name().toLowerCase(Locale.ROOT);
  }

  static Op of(int code) throws PgraftException {
    if (code >= BY_CODE.length || BY_CODE[code] == null) {
      throw new PgraftException(
          new Failure(
              SqlState.NOT_SUPPORTED,
              "request " + code + " is not known to this node",
              "",
              "The sender and this node may run different versions of pgraft."));
    }
    return BY_CODE[code];
  }

  /** Its code on the wire. */
  public int code() {
    return code;
  }

  /** Whether it goes through the log. */
  public boolean isLogged() {
    return logged;
  }

  /** Whether only the engine may send it. */
  public boolean isInternal() {
    return internal;
  }

  /** Its name in lower case. */
  public String type() {
    return type;
  }
}
