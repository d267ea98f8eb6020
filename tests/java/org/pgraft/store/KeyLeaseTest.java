package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.lmdbjava.Txn;
import org.pgraft.command.Failure;
import org.pgraft.command.Limits;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireReader;
import org.pgraft.store.TestStore.Row;

/** Leases of keys in the replicated state: what is attached to them, and what becomes of it when they end. */
final class KeyLeaseTest extends StoreFixture {
  private static final int LEASE = 4;

  private long grant() throws Exception {
    return store.call(Wire.grant(10_000)).i64();
  }

  private void put(String key, long lease) throws Exception {
    store.call(Wire.put(key, "v", lease));
  }

  private List<String> keysOf(long lease) throws Exception {
    final WireReader in = new WireReader(Responses.body(store.store.leaseKeys(lease)), "keys");
    final List<String> keys = new ArrayList<>();
    for (int i = in.i32(); i > 0; i--) {
      keys.add(Wire.text(in.bytes()));
    }
    return keys;
  }

  private int count(long lease) throws Exception {
    return store.store.requireKeyLease(lease).keys();
  }

  private List<String> keys() throws Exception {
    return store.all(0).stream().map(Row::key).toList();
  }

  @Test
  void when_aLeaseIsRevoked_then_itsKeysAreDeletedAtOneRevision_andNoOthers() throws Exception {
    final long lease = grant();
    final long other = grant();
    put("a", lease);
    put("b", other);
    put("c", lease);
    store.put("d", "v");
    final long before = store.store.revision();

    final WireReader answer = store.call(Wire.revoke(lease));
    assertEquals(before + 1, answer.i64());
    assertEquals(2, answer.i64());

    assertEquals(List.of("b", "d"), keys());
    assertEquals(before + 1, store.store.revision());
    assertEquals(4, store.all(before).size(), "the history shows them");
    assertEquals(SqlState.NO_SUCH_OBJECT, store.refused(Wire.revoke(lease)).sqlState());
    assertEquals(List.of("b"), keysOf(other));
  }

  @Test
  void when_aLeaseWithoutKeysEnds_then_noRevisionIsTaken() throws Exception {
    final long before = store.store.revision();
    final WireReader answer = store.call(Wire.revoke(grant()));

    assertEquals(before, answer.i64());
    assertEquals(0, answer.i64());
    assertEquals(before, store.store.revision());
  }

  @Test
  void when_aKeyIsPutAgain_then_theNewestPutDecidesItsLease() throws Exception {
    final long first = grant();
    final long second = grant();
    put("moved", first);
    put("moved", second);
    put("kept", first);
    put("kept", first);
    put("freed", first);
    store.put("freed", "v");

    assertEquals(List.of("kept"), keysOf(first));
    assertEquals(List.of("moved"), keysOf(second));
    assertEquals(1, count(first));
    store.call(Wire.revoke(first));
    assertEquals(List.of("freed", "moved"), keys());
  }

  @Test
  void when_aKeyIsDeleted_then_itLeavesItsLease() throws Exception {
    final long lease = grant();
    put("a", lease);
    put("b", lease);
    store.delete("a", "");
    assertEquals(List.of("b"), keysOf(lease));

    store.call(Wire.reset());
    assertEquals(0, count(lease));
    store.put("b", "v");
    store.call(Wire.revoke(lease));
    assertEquals(List.of("b"), keys());
  }

  @Test
  void when_aPutNamesALeaseThatIsNotThere_then_itIsRefused_andNothingOfItsTransactionIsDone() throws Exception {
    final Failure failure = store.refused(Wire.put("a", "v", 77));
    assertEquals(SqlState.NO_SUCH_OBJECT, failure.sqlState());
    assertEquals("lease 77 does not exist", failure.message());

    store.refused(new Wire.Txn().put("b", "v").put("c", "v", 77).done());
    assertEquals(List.of(), keys());
  }

  @Test
  void when_aTransactionComparesALease_then_thatOfTheNewestVersionCounts() throws Exception {
    final long lease = grant();
    put("k", lease);

    final WireReader holds =
        store.call(new Wire.Txn().when(LEASE, Wire.EQUAL, "k", lease).put("x", "v", lease).done());
    assertEquals(1, holds.u8());
    assertEquals(List.of("k", "x"), keysOf(lease));
    store.put("k", "v");
    assertEquals(0, store.call(new Wire.Txn().when(LEASE, Wire.EQUAL, "k", lease).put("x", "v").done()).u8());
  }

  @Test
  void when_leasesExpire_then_theirKeysGoTogether_unlessTheTermIsAnother() throws Exception {
    final long first = grant();
    final long second = grant();
    final long kept = grant();
    put("a", first);
    put("b", second);
    put("c", kept);
    final long before = store.store.revision();

    final Failure late = store.refused(Wire.expire(store.term + 1, first));
    assertEquals(SqlState.WRONG_STATE, late.sqlState());
    assertEquals(3, keys().size());

    store.call(Wire.expire(store.term, first, 99L, second));
    assertEquals(List.of("c"), keys());
    assertEquals(before + 1, store.store.revision());
    assertEquals(1, store.store.keyLeases().size());
  }

  @Test
  void when_aStoreIsOpenedAgain_then_leasesAndTheirKeysAreThere() throws Exception {
    final long lease = grant();
    put("a", lease);
    reopen();

    assertEquals(List.of("a"), keysOf(lease));
    assertEquals(10_000, store.store.requireKeyLease(lease).ttlMillis());
    assertEquals(lease + 1, grant());
  }

  @Test
  void when_aMemberDoesNotKnowLeases_then_noneIsGiven_andWhenOneIsGiven_thenNoSuchMemberComesBack() throws Exception {
    store.call(Wire.start(1, 2));
    store.call(Wire.start(2, 1));
    final Failure unknown = store.refused(Wire.grant(10_000));
    assertEquals(SqlState.NOT_SUPPORTED, unknown.sqlState());
    assertEquals("Node 2 runs a version of pgraft without them.", unknown.detail());

    store.call(Wire.start(2, 2));
    assertTrue(grant() > 0);
    assertEquals(SqlState.WRONG_STATE, store.refused(Wire.start(3, 1)).sqlState());
    store.call(Wire.start(3, 2));
  }

  @Test
  void when_aMemberWasStartedWithAnOlderVersion_afterLeasesWereUsed_then_itsDirectoryIsRefused_untilItIsRemoved() throws Exception {
    store.call(Wire.start(1, 2));
    store.call(Wire.start(2, 2));
    grant();
    assertTrue(store.refused(again(2, 1, 3)).message().contains("too old for this cluster"));
    // it may have passed over the lease before it was refused
    assertTrue(store.refused(again(2, 2, 4)).message().contains("its store may lack"));
    assertTrue(store.refused(again(2, 2, 5)).message().contains("its store may lack"));
    grant();

    store.call(new Request.NodeRemoved(2, "h", 7002).encode());
    store.call(new Request.NodeStart(2, new UUID(1, 2), 6L << 20, 0, "h", 7002, "n", 2).encode());
  }

  private static ByteBuffer again(int node, int level, int count) {
    return new Request.NodeStart(node, new UUID(0, node), (long) count << 20, (count - 1L) << 20, "h", 7000 + node, "n", level)
        .encode();
  }

  @Test
  void when_thereWasNeverALease_then_aTransactionThatNamesOneIsRefusedWhateverBranchIsTaken() throws Exception {
    // Version 1.0 refuses it when it reads the request, and both must come to the same state.
    store.refused(new Wire.Txn().when(0, Wire.EQUAL, "a", 1).put("b", "v", 1).otherwise().put("b", "v").done());
    store.refused(new Wire.Txn().put("b", "v").otherwise().put("b", "v", 1).done());
    assertEquals(List.of(), keys());

    grant();
    store.call(new Wire.Txn().put("b", "v").otherwise().put("b", "v", 1).done());
    assertEquals(List.of("b"), keys());
  }

  @Test
  void when_aStoreIsOfVersion1_0_then_itOpensAndTakesLeases() throws Exception {
    store.put("old", "v");
    store.close();
    TestStore.makeOld(directory);
    reopen();

    assertEquals(List.of("old"), keys());
    final long lease = grant();
    assertEquals(1, lease);
    put("new", lease);
    store.call(Wire.revoke(lease));
    assertEquals(List.of("old"), keys());
  }

  @Test
  void when_aLeaseHasAsManyKeysAsItMay_then_furtherOnesAreRefused() throws Exception {
    final long lease = grant();
    for (int i = 0; i < Limits.LEASE_KEYS_MAX; i += 100) {
      final Wire.Txn txn = new Wire.Txn();
      for (int j = i; j < i + 100; j++) {
        txn.put("k" + j, "v", lease);
      }
      store.call(txn.done());
    }
    assertEquals(SqlState.LIMIT_EXCEEDED, store.refused(Wire.put("one more", "v", lease)).sqlState());
    assertEquals(Limits.LEASE_KEYS_MAX, count(lease));
    final WireReader answer = store.call(Wire.revoke(lease));
    answer.i64();
    assertEquals(Limits.LEASE_KEYS_MAX, answer.i64());
  }

  @Test
  void when_aTimeToLiveIsOutOfRange_then_itIsRefused() throws Exception {
    for (long millis : new long[] {-1, 0, Limits.LEASE_MILLIS_MIN - 1, Limits.LEASE_MILLIS_MAX + 1}) {
      assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.grant(millis)).sqlState());
    }
  }
}
