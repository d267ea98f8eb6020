package org.pgraft.command;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One request, as a session or the engine sends it. Its wire form is: version (1 byte), operation (1 byte), body; see each
 * record, {@link LeaseRequest}, {@link GrantRequest} and {@link Authorized}. Decoding checks every limit, so an instance is always within them. Immutable; the buffers are views of the bytes
 * it was read from and must not be moved.
 */
public interface Request {
  /** Version of the wire form. */
  int VERSION = 1;

  /** The operation. */
  Op op();

  /** The wire form. Only requests that the engine itself sends can be written; sessions write theirs in C. */
  default ByteBuffer encode() {
    throw new UnsupportedOperationException(op() + " is only ever read");
  }

  /** The keys and figures of the request, without values. */
  default String describe() {
    return "";
  }

  /**
   * Stores a value. Body: key, value, lease (8 bytes, {@link LeaseRequest#NONE} for none), flags (1). Answer: revision (8).
   */
  record Put(ByteBuffer key, ByteBuffer value, long lease) implements Request {
    @Override
    public Op op() {
      return Op.PUT;
    }

    @Override
    public String describe() {
      return Describe.key(key);
    }

    static Put readBody(WireReader in) throws PgraftException {
      final Put put = new Put(in.bytes(), in.bytes(), in.i64());
      in.u8();
      Checks.key(put.key);
      Checks.value(put.value);
      return put;
    }
  }

  /** Deletes keys. Body: key, range end, flags (1). Answer: revision (8), number deleted (8). */
  record Delete(KeyRange keys) implements Request {
    @Override
    public Op op() {
      return Op.DELETE;
    }

    @Override
    public String describe() {
      return Describe.range(keys);
    }

    static Delete readBody(WireReader in) throws PgraftException {
      final KeyRange keys = KeyRange.read(in);
      in.u8();
      keys.check();
      return new Delete(keys);
    }
  }

  /**
   * Compares, then does one of two things. Body: number of comparisons (2), comparisons, number of operations (2),
   * operations if all hold, number (2), operations if not. Answer: succeeded (1), revision (8), number of results (2),
   * results.
   */
  record Txn(List<Comparison> comparisons, List<TxnOp> success, List<TxnOp> failure) implements Request {
    @Override
    public Op op() {
      return Op.TXN;
    }

    @Override
    public String describe() {
      return Describe.txn(this);
    }

    static Txn readBody(WireReader in) throws PgraftException {
      final int count = in.u16();
      Checks.count(count, Limits.TXN_OPS_MAX, "comparisons");
      final List<Comparison> comparisons = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        comparisons.add(Comparison.read(in));
      }
      final List<TxnOp> success = readOps(in);
      final List<TxnOp> failure = readOps(in);
      final boolean plainPuts =
          comparisons.isEmpty() && failure.isEmpty() && success.stream().allMatch(TxnOp.Put.class::isInstance);
      if (!plainPuts) {
        Checks.count(success.size(), Limits.TXN_OPS_MAX, "operations");
        Checks.count(failure.size(), Limits.TXN_OPS_MAX, "operations");
      }
      Checks.distinct(success);
      Checks.distinct(failure);
      return new Txn(comparisons, success, failure);
    }

    private static List<TxnOp> readOps(WireReader in) throws PgraftException {
      final int count = in.u16();
      Checks.count(count, Limits.PUTS_MAX, "operations");
      final List<TxnOp> ops = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        ops.add(TxnOp.read(in));
      }
      return ops;
    }
  }

  /**
   * Reads keys at the lease holder. Body: key, range end, limit (8), revision (8, 0 for the present), flags (1: bit 0 keys
   * only, bit 1 count only). Answer: the store's revision (8), then count (8), more (1), number (4), keys.
   */
  record Range(KeyRange keys, long limit, long revision, boolean keysOnly, boolean countOnly) implements Request {
    @Override
    public Op op() {
      return Op.RANGE;
    }

    static Range readBody(WireReader in) throws PgraftException {
      final KeyRange keys = KeyRange.read(in);
      final long limit = in.i64();
      final long revision = in.i64();
      final int flags = in.u8();
      keys.check();
      if (limit < 0 || revision < 0) {
        throw new PgraftException(
            new Failure(SqlState.BAD_ARGUMENT, "limit and revision must not be negative", "", ""));
      }
      return new Range(keys, limit, revision, (flags & 1) != 0, (flags & 2) != 0);
    }
  }

  /** Drops history at or below a revision. Body: revision (8, 0 for the present one). Answer: compacted revision (8). */
  record Compact(long revision) implements Request {
    @Override
    public Op op() {
      return Op.COMPACT;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.COMPACT).i64(revision).done();
    }

    @Override
    public String describe() {
      return "revision " + revision;
    }
  }

  /** Deletes every key. Answer: number deleted (8), revision (8). */
  record Reset() implements Request {
    @Override
    public Op op() {
      return Op.RESET;
    }
  }

  /**
   * An entry of its own, rejected when the entry's Raft term differs from {@code term}, unless that is {@link #ANY_TERM}.
   * Body: term (8), data. Answer: index (8).
   */
  record LogAppend(long term, ByteBuffer data) implements Request {
    /** No term is asked for. */
    public static final long ANY_TERM = 0;

    @Override
    public Op op() {
      return Op.LOG_APPEND;
    }

    @Override
    public String describe() {
      return StandardCharsets.UTF_8.decode(data.duplicate()).toString();
    }
  }

  /** The leadership lease is acquired. Body: node (4), term (8), length in milliseconds (8). */
  record Acquire(int node, long term, long leaseMillis) implements Request {
    @Override
    public Op op() {
      return Op.ACQUIRE;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.ACQUIRE).i32(node).i64(term).i64(leaseMillis).done();
    }

    @Override
    public String describe() {
      return "node " + node + " term " + term + " for " + leaseMillis + " ms";
    }
  }

  /** The leadership lease is given back. Body: node (4), term (8). */
  record Release(int node, long term) implements Request {
    @Override
    public Op op() {
      return Op.RELEASE;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.RELEASE).i32(node).i64(term).done();
    }

    @Override
    public String describe() {
      return "node " + node + " term " + term;
    }
  }

  /**
   * A node started. Body: node (4), directory id (16), incarnation (8), the one before it with that directory (8), host,
   * port (4), name, feature level (4). Refused when the directory is not the node's, or not in the state in which the node
   * took part last.
   */
  record NodeStart(
      int node, UUID directory, long start, long previous, String host, int port, String name, int featureLevel)
      implements Request {
    /** The lowest bits of an incarnation are random; above them is the directory's count of starts. */
    public static final int RANDOM_BITS = 20;

    /** The count of starts in an incarnation. */
    public static long count(long start) {
      return start >>> RANDOM_BITS;
    }

    /** The same start at another address. */
    public NodeStart at(InetSocketAddress address) {
      return new NodeStart(
          node, directory, start, previous, address.getHostString(), address.getPort(), name, featureLevel);
    }

    @Override
    public Op op() {
      return Op.NODE_START;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.NODE_START)
          .i32(node)
          .i64(directory.getMostSignificantBits())
          .i64(directory.getLeastSignificantBits())
          .i64(start)
          .i64(previous)
          .text(host)
          .i32(port)
          .text(name)
          .i32(featureLevel)
          .done();
    }

    @Override
    public String describe() {
      return "node " + node;
    }

    static NodeStart readBody(WireReader in) throws PgraftException {
      return new NodeStart(
          in.i32(), new UUID(in.i64(), in.i64()), in.i64(), in.i64(), in.text(), in.i32(), in.text(), in.i32());
    }
  }

  /** A node was removed from the cluster, where it had this address. Body: node (4), host, port (4). */
  record NodeRemoved(int node, String host, int port) implements Request {
    @Override
    public Op op() {
      return Op.NODE_REMOVED;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.NODE_REMOVED).i32(node).text(host).i32(port).done();
    }

    @Override
    public String describe() {
      return "node " + node;
    }
  }

  /** Changes the quota of the store. Body: bytes (8). */
  record SetQuota(long bytes) implements Request {
    @Override
    public Op op() {
      return Op.SET_QUOTA;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.SET_QUOTA).i64(bytes).done();
    }

    @Override
    public String describe() {
      return bytes + " bytes";
    }
  }

  /** Where is the lease holder? Answer: its revision (8), an index at which it was reached (8). */
  record Barrier() implements Request {
    @Override
    public Op op() {
      return Op.BARRIER;
    }

    @Override
    public ByteBuffer encode() {
      return Requests.header(Op.BARRIER).done();
    }
  }

  /** Founds a cluster. Answer: 1 (1). */
  record Init() implements Request {
    @Override
    public Op op() {
      return Op.INIT;
    }
  }

  /** Adds a member. Body: id (4), host, port (4). Answer: 1 (1). */
  record AddNode(int node, String host, int port) implements Request {
    @Override
    public Op op() {
      return Op.ADD_NODE;
    }
  }

  /** Replaces a member by a new one. Body: old id (4), new id (4), host, port (4). Answer: 1 (1). */
  record ReplaceNode(int old, int node, String host, int port) implements Request {
    @Override
    public Op op() {
      return Op.REPLACE_NODE;
    }
  }

  /** Removes a member. Body: id (4). Answer: 1 (1). */
  record RemoveNode(int node) implements Request {
    @Override
    public Op op() {
      return Op.REMOVE_NODE;
    }
  }

  /** Waits for an index. Body: 0 committed or 1 applied here (1), index (8). Answer: 1 (1). */
  record LogWait(boolean applied, long index) implements Request {
    @Override
    public Op op() {
      return Op.LOG_WAIT;
    }
  }

  /** Reads one entry of this node's log. Body: index (8). */
  record LogGet(long index) implements Request {
    @Override
    public Op op() {
      return Op.LOG_GET;
    }
  }

  /** Reads entries of this node's log. Body: first index (8, 0 for the first kept), most entries (4). */
  record LogList(long from, int limit) implements Request {
    @Override
    public Op op() {
      return Op.LOG_LIST;
    }
  }

  /** Tests this node. Answer: passed (1), report. */
  record Test() implements Request {
    @Override
    public Op op() {
      return Op.TEST;
    }
  }

  /** Turns debug messages on or off. Body: 1 or 0 (1). Answer: 1 (1). */
  record SetDebug(boolean enabled) implements Request {
    @Override
    public Op op() {
      return Op.SET_DEBUG;
    }
  }

  /** Hands the leadership over. Body: node (4), 0 for any. Answer: 1 (1). */
  record Transfer(int node) implements Request {
    @Override
    public Op op() {
      return Op.TRANSFER;
    }
  }

  /** Takes a snapshot of this node's store. Answer: its index (8). */
  record Snapshot() implements Request {
    @Override
    public Op op() {
      return Op.SNAPSHOT;
    }
  }

  /** A checksum of this node's keys. Body: revision (8, 0 for the present). Answer: revision (8), hash (8). */
  record Hash(long revision) implements Request {
    @Override
    public Op op() {
      return Op.HASH;
    }
  }

  /** What a backup is of. */
  enum BackupSource {
    /** This node's state, at least as new as the lease holder's when the request began. */
    LINEARIZABLE,
    /** This node's state, without asking another. */
    LOCAL,
    /** This node's state and what its log has beyond, committed or not; only without a lease holder. */
    LOG_TAIL
  }

  /** Writes a backup to a file on the server. Body: source (1), path. Answer: the backup's facts. */
  record Backup(BackupSource source, String path) implements Request {
    @Override
    public Op op() {
      return Op.BACKUP;
    }

    static Backup readBody(WireReader in) throws PgraftException {
      final int source = in.u8();
      if (source >= BackupSource.values().length) {
        throw new PgraftException(
            new Failure(SqlState.NOT_SUPPORTED, "source " + source + " of a backup is not known to this node", "", ""));
      }
      return new Backup(BackupSource.values()[source], in.text());
    }
  }

  /** Reads a backup as a whole and checks it. Body: path. Answer: the backup's facts. */
  record BackupVerify(String path) implements Request {
    @Override
    public Op op() {
      return Op.BACKUP_VERIFY;
    }
  }

  /** Founds a cluster whose store begins as a backup. Body: path. Answer: 1 (1). */
  record Restore(String path) implements Request {
    @Override
    public Op op() {
      return Op.RESTORE;
    }
  }

  /** The name of the operation in lower case. */
  default String type() {
    return op().type();
  }

  /** Whether it goes through the log. */
  default boolean isLogged() {
    return op().isLogged();
  }

  /** Whether only the engine may send it. */
  default boolean isInternal() {
    return op().isInternal();
  }
}
