package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import org.lmdbjava.Env;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;
import org.pgraft.command.Failure;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireWriter;

/**
 * The reads of a {@link Store}: each is one read transaction of LMDB, so all that it sees is of one moment, whatever is
 * applied meanwhile; and it sees only what was committed.
 *
 * <p>A read that LMDB cannot carry out, or that meets what cannot be true, ends the store. One that finds the store closed,
 * or all places for readers taken, is not accepted, and changes nothing.
 *
 * <p>Threads: any, many at once. A read is inside the {@link Gate} for as long as it lasts, so that the environment is
 * neither closed nor remapped under it; that apart it waits for nobody. The monitor of this object guards the scratches
 * that are kept, for a few instructions.
 */
final class StoreReader {
  private static final int SCRATCHES_KEPT = 8;

  private final Tables tables;
  private final Gate gate;
  private final Consumer<RuntimeException> unreadable;
  private final ArrayDeque<Scratch> scratches = new ArrayDeque<>();

  /**
   * @param gate whoever closes or remaps the environment waits in it
   * @param unreadable told why the store must not be used any more; called by the thread that reads
   */
  StoreReader(Tables tables, Gate gate, Consumer<RuntimeException> unreadable) {
    this.tables = tables;
    this.gate = gate;
    this.unreadable = unreadable;
  }

  /** Something that is read in a transaction. */
  @FunctionalInterface
  private interface Read {
    ByteBuffer from(Txn<ByteBuffer> txn, Versions versions, long newest, long compacted) throws PgraftException;
  }

  /** See {@link Store#range}. */
  ByteBuffer range(Request asked) throws PgraftException {
    return read(
        (txn, versions, newest, compacted) -> {
          final Request.Range request =
              (Request.Range)
                  GrantChanges.admit(
                      asked,
                      Counters.readLater(txn, tables.meta(), Counter.GRANTS_ENFORCED) != 0,
                      Counters.readLater(txn, tables.meta(), Counter.GRANTS_VERSION));
          final long at = Revisions.readable(request.revision(), newest, compacted);
          final WireWriter out = Responses.begin().i64(newest);
          RangeReader.write(
              versions,
              new RangeReader.Query(request.keys(), at, request.limit(), request.keysOnly(), request.countOnly()),
              out,
              Limits.RESPONSE_BYTES_MAX,
              true);
          return out.done();
        });
  }

  /** See {@link Store#hash}. */
  ByteBuffer hash(long revision) throws PgraftException {
    return read(
        (txn, versions, newest, compacted) -> {
          final long at = Revisions.readable(revision, newest, compacted);
          return Responses.begin().i64(at).i64(Checksum.of(versions, at)).done();
        });
  }

  /** The keys of a lease, none if there is no such lease; see {@link Store#leaseKeys}. */
  ByteBuffer leaseKeys(long lease) throws PgraftException {
    return read(
        (txn, versions, newest, compacted) -> {
          final List<ByteBuffer> keys = versions.attachedTo(lease);
          final WireWriter out = Responses.begin().i32(keys.size());
          keys.forEach(out::bytes);
          return out.done();
        });
  }

  private ByteBuffer read(Read read) throws PgraftException {
    if (!gate.enter()) {
      throw failed(SqlState.NOT_ACCEPTED, "the store is closed", "", "It is safe to try again.");
    }
    final Scratch scratch = borrow();
    try (Txn<ByteBuffer> txn = tables.env().txnRead();
        Versions versions = new Versions(tables, txn, scratch)) {
      return read.from(
          txn,
          versions,
          Counters.read(txn, tables.meta(), Counter.REVISION),
          Counters.read(txn, tables.meta(), Counter.COMPACTED));
    } catch (Env.ReadersFullException e) {
      throw failed(SqlState.NOT_ACCEPTED, "too many sessions read the store", "", "Try again.");
    } catch (LmdbException | DamagedException e) {
      unreadable.accept(e);
      throw failed(
          SqlState.CORRUPTION, "the store cannot be read", String.valueOf(e.getMessage()), "Look into the server's log.");
    } finally {
      giveBack(scratch);
      gate.leave();
    }
  }

  private static PgraftException failed(String sqlState, String message, String detail, String hint) {
    return new PgraftException(new Failure(sqlState, message, detail, hint));
  }

  private synchronized Scratch borrow() {
    final Scratch kept = scratches.poll();
    return kept != null ? kept : new Scratch();
  }

  private synchronized void giveBack(Scratch scratch) {
    if (scratches.size() < SCRATCHES_KEPT) {
      scratches.push(scratch);
    }
  }
}
