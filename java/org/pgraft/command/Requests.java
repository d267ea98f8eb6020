package org.pgraft.command;

import java.nio.ByteBuffer;

/** Reads requests. Stateless. */
public final class Requests {
  private static final String WHAT = "request";

  private Requests() {}

  static WireWriter header(Op op) {
    return new WireWriter().u8(Request.VERSION).u8(op.code());
  }

  /**
   * Reads a request and checks its limits.
   *
   * @param bytes exactly one request; the result keeps views of it
   * @throws PgraftException when the bytes are no request of this version, or exceed a limit
   */
  public static Request decode(ByteBuffer bytes) throws PgraftException {
    final WireReader in = new WireReader(bytes.duplicate(), WHAT);
    if (bytes.remaining() > limit(bytes)) {
      throw new PgraftException(
          new Failure(
              SqlState.LIMIT_EXCEEDED,
              "the request is too long",
              "It has " + bytes.remaining() + " bytes, the limit is " + Limits.REQUEST_BYTES_MAX + ".",
              "Split it into several."));
    }
    in.version(Request.VERSION);
    final Request request = body(Op.of(in.u8()), in);
    in.end();
    return request;
  }

  /** What says with which authority a request comes does not take of its room. */
  private static int limit(ByteBuffer bytes) {
    final boolean wrapped = bytes.remaining() > 1 && bytes.get(bytes.position() + 1) == Op.AUTHORIZED.code();
    return Limits.REQUEST_BYTES_MAX + (wrapped ? Authorized.HEADER_BYTES : 0);
  }

  private static Request body(Op op, WireReader in) throws PgraftException {
    return switch (op) {
      case PUT -> Request.Put.readBody(in);
      case DELETE -> Request.Delete.readBody(in);
      case TXN -> Request.Txn.readBody(in);
      case RANGE -> Request.Range.readBody(in);
      case COMPACT -> new Request.Compact(in.i64());
      case RESET -> new Request.Reset();
      case LEASE_GRANT -> LeaseRequest.Grant.readBody(in);
      case LEASE_REVOKE -> new LeaseRequest.Revoke(in.i64());
      case LEASE_EXPIRE -> LeaseRequest.Expire.readBody(in);
      case LEASE_KEEP_ALIVE -> new LeaseRequest.KeepAlive(in.i64());
      case LEASE_LIST -> new LeaseRequest.ListAll();
      case LEASE_KEYS -> new LeaseRequest.Keys(in.i64());
      case AUTHORIZED -> Authorized.readBody(in);
      case KEY_GRANT -> GrantRequest.Grant.readBody(in);
      case KEY_REVOKE -> GrantRequest.Revoke.readBody(in);
      case KEY_ENFORCE -> new GrantRequest.Enforce(in.u8() != 0);
      case LOG_APPEND -> logAppend(in);
      case ACQUIRE -> new Request.Acquire(in.i32(), in.i64(), in.i64());
      case RELEASE -> new Request.Release(in.i32(), in.i64());
      case NODE_START -> Request.NodeStart.readBody(in);
      case NODE_REMOVED -> new Request.NodeRemoved(in.i32(), in.text(), in.i32());
      case SET_QUOTA -> new Request.SetQuota(in.i64());
      case BARRIER -> new Request.Barrier();
      case INIT -> new Request.Init();
      case ADD_NODE -> new Request.AddNode(in.i32(), in.text(), in.i32());
      case REPLACE_NODE -> new Request.ReplaceNode(in.i32(), in.i32(), in.text(), in.i32());
      case REMOVE_NODE -> new Request.RemoveNode(in.i32());
      case LOG_WAIT -> new Request.LogWait(in.u8() != 0, in.i64());
      case LOG_GET -> new Request.LogGet(in.i64());
      case LOG_LIST -> new Request.LogList(in.i64(), in.i32());
      case TEST -> new Request.Test();
      case SET_DEBUG -> new Request.SetDebug(in.u8() != 0);
      case TRANSFER -> new Request.Transfer(in.i32());
      case SNAPSHOT -> new Request.Snapshot();
      case HASH -> new Request.Hash(in.i64());
      case BACKUP -> Request.Backup.readBody(in);
      case BACKUP_VERIFY -> new Request.BackupVerify(in.text());
      case RESTORE -> new Request.Restore(in.text());
    };
  }

  private static Request logAppend(WireReader in) throws PgraftException {
    final Request.LogAppend append = new Request.LogAppend(in.i64(), in.bytes());
    Checks.value(append.data());
    return append;
  }
}
