package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lmdbjava.Cursor;
import org.lmdbjava.Txn;
import org.pgraft.command.Authorized;
import org.pgraft.command.Failure;
import org.pgraft.command.GrantRequest;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/** Grants on keys in the replicated state, and requests that come with the version of them by which they were judged. */
final class KeyGrantTest extends StoreFixture {
  private static final int READ = GrantRequest.READ;
  private static final int WRITE = GrantRequest.WRITE;
  private static final String LONG = "p".repeat(Limits.KEY_BYTES_MAX);
  private static final String LONG_ROLE = "r".repeat(Limits.ROLE_BYTES_MAX);

  private boolean changes(ByteBuffer request) throws Exception {
    return store.call(request).u8() != 0;
  }

  /** The version of the grants: no other one lets a request pass. */
  private long version() throws Exception {
    for (long version = 0; version < 100; version++) {
      if (passes(version, Wire.delete("none", ""))) {
        return version;
      }
    }
    throw new AssertionError("no version passes");
  }

  private boolean passes(long version, ByteBuffer request) throws Exception {
    final ByteBuffer response =
        store.offer(store.batch(Wire.authorized(version, request))).responses().get(0);
    return !Responses.isError(response, SqlState.GRANTS_CHANGED);
  }

  private void refused(ByteBuffer request) throws Exception {
    final Failure failure = store.refused(request);
    assertEquals(SqlState.GRANTS_CHANGED, failure.sqlState());
    assertEquals("Nothing was changed.", failure.detail());
  }

  @Test
  void when_aClusterBeginsFromACopy_then_itHasItsGrants_andEnforcesThem() throws Exception {
    store.call(Wire.keyGrant("app", "a/", WRITE));
    store.call(Wire.enforce(true));
    final long judged = version();
    store.close();
    DetachedStore.beginCluster(directory);
    reopen();

    refused(Wire.put("a/1", "nobody's"));
    store.call(Wire.authorized(judged, Wire.put("a/1", "somebody's")));
    assertEquals(judged, version());
  }

  @Test
  void when_grantsAreEnforced_then_onlyWritesJudgedByTheNewestOnesAreApplied() throws Exception {
    store.call(Wire.keyGrant("app", "a/", WRITE));
    store.call(Wire.enforce(true));
    final long judged = version();
    store.call(Wire.authorized(judged, Wire.put("a/1", "first")));

    store.call(Wire.keyRevoke("app", "a/", WRITE));
    final long before = store.store.revision();
    refused(Wire.authorized(judged, Wire.put("a/1", "late")));
    refused(Wire.authorized(judged, Wire.delete("a/", Wire.ALL)));
    refused(Wire.authorized(judged, new Wire.Txn().put("a/2", "late").done()));
    refused(Wire.authorized(judged, Wire.reset()));
    assertEquals(before, store.store.revision());
    store.call(Wire.authorized(version(), Wire.put("a/1", "second")));
    assertEquals(before + 1, store.store.revision());
  }

  @Test
  void when_grantsAreEnforced_then_requestsThatSayNothingAreRefused_andThoseOfSuperusersAreNot() throws Exception {
    store.put("k", "v");
    store.call(Wire.enforce(true));
    refused(Wire.put("k", "x"));
    refused(Wire.delete("k", ""));
    refused(new Wire.Txn().put("k", "x").done());
    refused(Wire.reset());
    store.call(Wire.authorized(Authorized.EXEMPT, Wire.put("k", "y")));
    store.call(Wire.compact(0));
    store.call(Wire.grant(10_000));

    store.call(Wire.enforce(false));
    store.put("k", "z");
    store.call(Wire.authorized(77, Wire.put("k", "any version")));
  }

  @Test
  void when_grantsAreEnforced_then_aReadIsJudgedInItsOwnTransaction() throws Exception {
    store.put("k", "v");
    final Request plain = Wire.range("k", "", 0, 0, 0);
    store.store.range(plain);
    store.call(Wire.enforce(true));
    final long judged = version();

    final PgraftException silent = assertThrows(PgraftException.class, () -> store.store.range(plain));
    assertEquals(SqlState.GRANTS_CHANGED, silent.failure().sqlState());
    store.store.range(new Authorized(judged, plain));
    store.store.range(new Authorized(Authorized.EXEMPT, plain));
    store.call(Wire.keyGrant("app", "", READ));
    assertThrows(PgraftException.class, () -> store.store.range(new Authorized(judged, plain)));
    store.store.range(new Authorized(judged + 1, plain));
  }

  @Test
  void when_aChangeChangesNothing_then_theVersionStays_andElseItGrows() throws Exception {
    store.call(Wire.enforce(true));
    final long first = version();
    assertEquals(List.of(true, false), List.of(changes(Wire.keyGrant("a", "p", READ)), changes(Wire.keyGrant("a", "p", READ))));
    assertEquals(List.of(true, false), List.of(changes(Wire.keyGrant("a", "p", WRITE)), changes(Wire.enforce(true))));
    assertEquals(false, changes(Wire.keyRevoke("a", "p/longer", READ)));
    assertEquals(first + 2, version());
    assertEquals(List.of(true, false), List.of(changes(Wire.keyRevoke("a", "p", READ)), changes(Wire.keyRevoke("a", "p", READ))));
    assertEquals(true, changes(Wire.keyRevoke("a", "p", READ | WRITE)));
    assertEquals(first + 4, version());
  }

  @Test
  void when_aStoreIsOpenedAgain_then_itsGrantsAndWhetherTheyCountAreThere() throws Exception {
    store.call(Wire.keyGrant(LONG_ROLE, LONG, READ));
    store.call(Wire.keyGrant("public", "", WRITE));
    store.call(Wire.enforce(true));
    final long version = version();
    reopen();

    refused(Wire.put("k", "v"));
    assertEquals(version, version());
    assertEquals(false, changes(Wire.keyGrant(LONG_ROLE, LONG, READ)));
    assertEquals(true, changes(Wire.keyRevoke("public", "", WRITE)));
  }

  @Test
  void when_aStoreIsOfVersion1_0_then_itHasNoGrants_andTakesSome() throws Exception {
    store.put("k", "v");
    store.close();
    try (Tables tables = Tables.open(directory, TestStore.LIMITS);
        Txn<ByteBuffer> txn = tables.env().txnWrite()) {
      for (Counter counter : List.of(Counter.GRANTS_VERSION, Counter.GRANTS_ENFORCED)) {
        tables.meta().delete(txn, Tables.direct(counter.key().getBytes()));
      }
      tables.keyGrants().drop(txn, true);
      txn.commit();
    }
    reopen();

    assertEquals("v", store.range("k", "").rows().get(0).value());
    store.put("k", "w");
    assertEquals(true, changes(Wire.enforce(true)));
    refused(Wire.put("k", "x"));
  }

  @Test
  void when_aMemberDoesNotKnowGrants_then_noneIsGiven_andWhenTheyAreInUse_thenNoSuchMemberComesBack() throws Exception {
    store.call(Wire.start(1, 2));
    store.call(Wire.start(2, 1));
    for (ByteBuffer request : List.of(Wire.keyGrant("a", "", READ), Wire.keyRevoke("a", "", READ), Wire.enforce(true))) {
      final Failure unknown = store.refused(request);
      assertEquals(SqlState.NOT_SUPPORTED, unknown.sqlState());
      assertEquals("not every member of the cluster knows grants of keys", unknown.message());
    }

    store.call(Wire.start(2, 2));
    assertEquals(true, changes(Wire.keyGrant("a", "", READ)));
    assertEquals(SqlState.WRONG_STATE, store.refused(Wire.start(3, 1)).sqlState());
  }

  @Test
  void when_noGrantWasEverGiven_then_requestsWithAuthorityAreRefused_asVersion1_0Does() throws Exception {
    changes(Wire.keyRevoke("a", "", READ));
    changes(Wire.enforce(false));
    assertEquals(SqlState.NOT_SUPPORTED, store.refused(Wire.authorized(0, Wire.put("k", "v"))).sqlState());
    assertEquals(SqlState.NOT_SUPPORTED, store.refused(Wire.authorized(Authorized.EXEMPT, Wire.put("k", "v"))).sqlState());
    assertEquals(List.of(), store.all(0));
    store.call(Wire.start(1, 1));
  }

  @Test
  void when_thereAreAsManyGrantsAsThereMayBe_then_furtherOnesAreRefused() throws Exception {
    for (int i = 0; i < Limits.GRANTS_MAX; i++) {
      store.call(Wire.keyGrant("role", "p" + i, READ));
    }
    assertEquals(SqlState.LIMIT_EXCEEDED, store.refused(Wire.keyGrant("role", "one more", READ)).sqlState());
    assertEquals(true, changes(Wire.keyGrant("role", "p7", WRITE)));
    assertEquals(true, changes(Wire.keyRevoke("role", "p7", READ | WRITE)));
    assertEquals(true, changes(Wire.keyGrant("role", "one more", READ)));
  }

  @Test
  void when_aGrantMakesNoSense_then_itIsRefused() throws Exception {
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.keyGrant("", "p", READ)).sqlState());
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.keyGrant(LONG_ROLE + "r", "p", READ)).sqlState());
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.keyGrant("r", "p", 0)).sqlState());
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.keyGrant("r", "p", 4)).sqlState());
    assertEquals(SqlState.LIMIT_EXCEEDED, store.refused(Wire.keyGrant("r", LONG + "p", READ)).sqlState());
  }

  @Test
  void when_whatIsAuthorizedIsNoRequestOnKeys_then_itIsRefused() {
    final ByteBuffer inner = Wire.authorized(1, Wire.put("k", "v"));
    for (ByteBuffer request : List.of(inner, Wire.compact(0), Wire.quota(1), Wire.enforce(false), ByteBuffer.allocate(0))) {
      assertThrows(PgraftException.class, () -> Requests.decode(Wire.authorized(1, request)));
    }
  }

  @Test
  void when_aGrantIsDamaged_then_theStoreIsNotOpened() throws Exception {
    store.call(Wire.keyGrant("role", "prefix", READ));
    store.close();
    try (Tables tables = Tables.open(directory, TestStore.LIMITS);
        Txn<ByteBuffer> txn = tables.env().txnWrite()) {
      try (Cursor<ByteBuffer> grants = tables.keyGrants().openCursor(txn)) {
        assertEquals(true, grants.first());
        grants.put(grants.key(), Tables.direct(new byte[] {READ, 60, 'r'}));
      }
      txn.commit();
    }
    assertThrows(
        StoreFailedException.class, () -> Store.open(directory, 1, TestStore.LIMITS, clean -> {}));
    store = TestStore.create(temp.resolve("another"));
  }
}
