package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.command.Batch;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireReader;
import org.pgraft.command.WireWriter;
import org.pgraft.store.KeyLease;
import org.pgraft.store.Store;
import org.pgraft.store.StoreDirectory;

/** When leases of keys are over, by the clock of the node that judges. */
final class KeyLeaseClockTest {
  private static final long TTL_MILLIS = 10_000;

  @TempDir Path directory;
  private Store store;
  private long index;
  private long seconds = 100;
  private long term = 1;
  private final List<List<Long>> proposals = new ArrayList<>();
  private CompletableFuture<ByteBuffer> outcome;
  private KeyLeaseClock clock;

  @BeforeEach
  void open() throws Exception {
    store = new StoreDirectory(directory, new Store.Limits(1L << 28, 8)).open(Optional.empty());
    index = store.position().index();
    clock = new KeyLeaseClock(() -> Optional.of(store), () -> term, this::propose, () -> TimeUnit.SECONDS.toNanos(seconds));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private CompletableFuture<ByteBuffer> propose(Request request) {
    proposals.add(((LeaseRequest.Expire) request).leases());
    return outcome != null ? outcome : CompletableFuture.completedFuture(apply(request.encode()));
  }

  private ByteBuffer apply(ByteBuffer request) {
    try {
      index++;
      return store.apply(term, index, new Batch(1, 1, index, 0, List.of(request)).encode()).orElseThrow()
          .responses().get(0);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private long grant() throws Exception {
    final ByteBuffer request = new WireWriter().u8(Request.VERSION).u8(7).i64(TTL_MILLIS).done();
    Requests.decode(request);
    return new WireReader(Responses.body(apply(request)), "lease").i64();
  }

  private void after(long passed) {
    seconds += passed;
    clock.look();
  }

  private List<Long> left() throws Exception {
    final WireReader in = new WireReader(Responses.body(clock.list(term, store)), "list");
    final List<Long> left = new ArrayList<>();
    for (int i = in.i32(); i > 0; i--) {
      in.i64();
      in.i64();
      left.add(in.i64());
      in.i32();
      in.i64();
    }
    return left;
  }

  private List<Long> alive() {
    return store.keyLeases().stream().map(KeyLease::id).toList();
  }

  @Test
  void when_nobodyKeepsALeaseAlive_then_itEndsAfterItsTime_notBefore() throws Exception {
    final long lease = grant();
    after(0);
    after(9);
    assertEquals(List.of(lease), alive());
    assertEquals(List.of(1_000L), left());
    after(1);
    assertEquals(List.of(), alive());
    assertEquals(List.of(List.of(lease)), proposals);
  }

  @Test
  void when_aLeaseIsKeptAlive_then_itsTimeBeginsAnew() throws Exception {
    final long lease = grant();
    after(9);
    final ByteBuffer answer = clock.keepAlive(term, store, lease);
    assertEquals(TTL_MILLIS, new WireReader(Responses.body(answer), "ttl").i64());
    after(9);
    assertEquals(List.of(lease), alive());
    after(1);
    assertEquals(List.of(), alive());
  }

  @Test
  void when_anotherHolderJudged_then_everyLeaseHasItsWholeTime() throws Exception {
    final long lease = grant();
    after(0);
    after(9);
    term = 2;
    after(1);
    assertEquals(List.of(10_000L), left());
    after(9);
    assertEquals(List.of(lease), alive());
    after(1);
    assertEquals(List.of(), alive());
  }

  @Test
  void when_thisNodeDoesNotHoldTheLeadership_then_itEndsNothing() throws Exception {
    grant();
    after(0);
    term = 0;
    after(100);
    assertEquals(List.of(), proposals);
  }

  @Test
  void when_theEndIsProposed_then_theLeaseIsNotKeptAlive_andOneProposalIsOnItsWayAtATime() throws Exception {
    final long lease = grant();
    after(0);
    outcome = new CompletableFuture<>();
    after(10);
    after(1);
    assertEquals(1, proposals.size());
    final PgraftException over = assertThrows(PgraftException.class, () -> clock.keepAlive(term, store, lease));
    assertEquals(SqlState.NO_SUCH_OBJECT, over.failure().sqlState());
    assertEquals(List.of(0L), left());

    // Its outcome is unknown: it is proposed again.
    outcome.completeExceptionally(new IllegalStateException("nobody knows"));
    outcome = null;
    after(0);
    assertEquals(List.of(List.of(lease), List.of(lease)), proposals);
    assertEquals(List.of(), alive());
  }

  @Test
  void when_theEndWasProposedInATermThatIsOver_then_theNextHolderMayKeepTheLeaseAlive() throws Exception {
    final long lease = grant();
    after(0);
    outcome = new CompletableFuture<>();
    after(10);
    term = 2;
    clock.keepAlive(term, store, lease);
    final ByteBuffer late = apply(new LeaseRequest.Expire(1, List.of(lease)).encode());
    assertEquals(SqlState.WRONG_STATE, Responses.failure(late).sqlState());
    assertEquals(List.of(lease), alive());
  }

  @Test
  void when_manyLeasesAreOver_then_theyEndInPortions() throws Exception {
    for (int i = 0; i < 250; i++) {
      grant();
    }
    after(0);
    after(10);
    assertEquals(List.of(), alive());
    assertEquals(List.of(100, 100, 50), proposals.stream().map(List::size).toList());
  }
}
