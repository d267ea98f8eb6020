package org.pgraft.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.TxnOp;
import org.pgraft.command.WireWriter;

/** Requests as sessions send them. */
final class Wire {
  /** As the end of a range: no end. */
  static final String ALL = "\0";

  static final int EQUAL = 0;
  static final int GREATER = 1;
  static final int LESS = 2;
  static final int NOT_EQUAL = 3;

  private static final int VALUE = 3;

  private Wire() {}

  private static WireWriter request(int op) {
    return new WireWriter().u8(Request.VERSION).u8(op);
  }

  static ByteBuffer put(String key, String value) {
    return put(key, value, 0);
  }

  static ByteBuffer put(String key, String value, long lease) {
    return request(1).text(key).text(value).i64(lease).u8(0).done();
  }

  /** A node's first start, as a version of that feature level enters it into the member table. */
  static ByteBuffer start(int node, int level) {
    return new Request.NodeStart(node, new UUID(0, node), (long) level << 20, (level - 1L) << 20, "h", 7000 + node, "n", level)
        .encode();
  }

  static ByteBuffer grant(long ttlMillis) {
    return request(7).i64(ttlMillis).done();
  }

  static ByteBuffer revoke(long lease) {
    return request(8).i64(lease).done();
  }

  static ByteBuffer expire(long term, Long... leases) {
    return new LeaseRequest.Expire(term, List.of(leases)).encode();
  }

  static ByteBuffer keyGrant(String role, String prefix, int rights) {
    return request(12).text(role).text(prefix).u8(rights).done();
  }

  static ByteBuffer keyRevoke(String role, String prefix, int rights) {
    return request(13).text(role).text(prefix).u8(rights).done();
  }

  static ByteBuffer enforce(boolean enforced) {
    return request(14).u8(enforced ? 1 : 0).done();
  }

  static ByteBuffer authorized(long version, ByteBuffer request) {
    return request(11).i64(version).raw(request).done();
  }

  static ByteBuffer delete(String key, String end) {
    return request(2).text(key).text(end).u8(0).done();
  }

  static ByteBuffer compact(long revision) {
    return request(5).i64(revision).done();
  }

  static ByteBuffer reset() {
    return request(6).done();
  }

  static ByteBuffer logAppend(long term, String data) {
    return request(10).i64(term).text(data).done();
  }

  static ByteBuffer quota(long bytes) {
    return new Request.SetQuota(bytes).encode();
  }

  static Request.Range range(String key, String end, long limit, long revision, int flags) throws PgraftException {
    return (Request.Range)
        Requests.decode(request(4).text(key).text(end).i64(limit).i64(revision).u8(flags).done());
  }

  static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }

  /** A transaction: comparisons, then the two branches. */
  static final class Txn {
    private final WireWriter[] parts = {new WireWriter(), new WireWriter(), new WireWriter()};
    private final int[] counts = new int[3];
    private int branch = 1;

    /** Compares a number; the targets are 0 version, 1 create revision, 2 mod revision, 4 lease. */
    Txn when(int target, int relation, String key, long number) {
      compare(target, relation, key).i64(number);
      return this;
    }

    Txn whenValue(int relation, String key, String value) {
      compare(VALUE, relation, key).text(value);
      return this;
    }

    private WireWriter compare(int target, int relation, String key) {
      counts[0]++;
      return parts[0].u8(target).u8(relation).text(key).text("");
    }

    /** What follows is of the other branch. */
    Txn otherwise() {
      branch = 2;
      return this;
    }

    Txn put(String key, String value) {
      return put(key, value, 0);
    }

    Txn put(String key, String value, long lease) {
      op(TxnOp.PUT).text(key).text(value).i64(lease).u8(0);
      return this;
    }

    Txn delete(String key, String end) {
      op(TxnOp.DELETE).text(key).text(end).u8(0);
      return this;
    }

    Txn range(String key, String end) {
      op(TxnOp.RANGE).text(key).text(end).i64(0).i64(0).u8(0);
      return this;
    }

    private WireWriter op(int kind) {
      counts[branch]++;
      return parts[branch].u8(kind);
    }

    ByteBuffer done() {
      final WireWriter out = request(3);
      for (int i = 0; i < parts.length; i++) {
        out.u16(counts[i]).raw(parts[i].done());
      }
      return out.done();
    }
  }
}
