package org.pgraft.command;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests about leases of keys (etcd's leases): a lease is given for a time to live, keys are attached to it by their puts,
 * and all of them are deleted when it is revoked or when nobody has kept it alive for that time. Not the leadership lease.
 * Immutable.
 */
public sealed interface LeaseRequest extends Request {
  /** The lease of a key that has none. */
  long NONE = 0;

  /** Gives a lease. Body: time to live in milliseconds (8). Answer: lease (8). */
  record Grant(long ttlMillis) implements LeaseRequest {
    @Override
    public Op op() {
      return Op.LEASE_GRANT;
    }

    @Override
    public String describe() {
      return ttlMillis + " ms";
    }

    static Grant readBody(WireReader in) throws PgraftException {
      final Grant grant = new Grant(in.i64());
      Checks.timeToLive(grant.ttlMillis);
      return grant;
    }
  }

  /** Ends a lease and deletes its keys. Body: lease (8). Answer: revision (8), number of keys deleted (8). */
  record Revoke(long lease) implements LeaseRequest {
    @Override
    public Op op() {
      return Op.LEASE_REVOKE;
    }

    @Override
    public String describe() {
      return "lease " + lease;
    }
  }

  /**
   * Ends leases that nobody kept alive, as the holder of the leadership lease in that term judged. Body: term (8), number (2),
   * leases (8 each). Those that are not there any more are passed over.
   */
  record Expire(long term, List<Long> leases) implements LeaseRequest {
    @Override
    public Op op() {
      return Op.LEASE_EXPIRE;
    }

    @Override
    public ByteBuffer encode() {
      final WireWriter out = Requests.header(Op.LEASE_EXPIRE).i64(term).u16(leases.size());
      leases.forEach(out::i64);
      return out.done();
    }

    @Override
    public String describe() {
      return "leases " + leases;
    }

    static Expire readBody(WireReader in) throws PgraftException {
      final long term = in.i64();
      final int count = in.u16();
      Checks.count(count, Limits.LEASES_MAX, "leases");
      final List<Long> leases = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        leases.add(in.i64());
      }
      return new Expire(term, List.copyOf(leases));
    }
  }

  /** Lets a lease's time begin anew, at the lease holder. Body: lease (8). Answer: time to live in milliseconds (8). */
  record KeepAlive(long lease) implements LeaseRequest {
    @Override
    public Op op() {
      return Op.LEASE_KEEP_ALIVE;
    }
  }

  /**
   * All leases, at the lease holder. Answer: number (4), then of each lease (8), time to live (8) and what is left of it (8) in
   * milliseconds, number of keys (4), when it was given in milliseconds of the Unix epoch (8).
   */
  record ListAll() implements LeaseRequest {
    @Override
    public Op op() {
      return Op.LEASE_LIST;
    }
  }

  /** The keys of a lease, at the lease holder. Body: lease (8). Answer: number (4), keys. */
  record Keys(long lease) implements LeaseRequest {
    @Override
    public Op op() {
      return Op.LEASE_KEYS;
    }
  }
}
