package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lmdbjava.Cursor;
import org.lmdbjava.Txn;
import org.pgraft.command.GrantRequest;

/** Copies of a store that contradict themselves about the leases and the grants of keys. */
final class CopyCheckTest {
  private static final long LEASE = 1;

  @TempDir Path temporary;
  private TestStore store;
  private Path copy;

  @BeforeEach
  void fill() throws Exception {
    store = TestStore.create(temporary.resolve("store"));
    copy = temporary.resolve("copy");
    assertEquals(LEASE, store.call(Wire.grant(10_000)).i64());
    store.call(Wire.put("held", "v", LEASE));
    store.put("free", "v");
    store.call(Wire.grant(10_000));
    store.call(Wire.keyGrant("role", "prefix", GrantRequest.ALL));
    SnapshotWriter.write(store.store, copy);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static ByteBuffer bytes(String text) {
    return Tables.direct(text.getBytes(StandardCharsets.US_ASCII));
  }

  private void alter(BiConsumer<Tables, Txn<ByteBuffer>> change) {
    TestStore.alter(copy, change);
  }

  private void assertFound(String what) {
    final StoreFailedException found = assertThrows(StoreFailedException.class, () -> DetachedStore.check(copy));
    assertTrue(found.getMessage().contains(what), found.getMessage());
  }

  private static ByteBuffer id(long lease) {
    return ByteBuffer.allocateDirect(Long.BYTES).putLong(0, lease);
  }

  private static void countKeys(Tables tables, Txn<ByteBuffer> txn, long lease, int keys) {
    new KeyLeases(tables).write(txn, new KeyLease(lease, 10_000, 0, keys));
  }

  @Test
  void when_leasesAndGrantsAgreeWithTheKeys_then_theCopyIsWhole() throws Exception {
    assertEquals(2, DetachedStore.check(copy).keys());
  }

  @Test
  void when_theLeaseThatAKeyNamesIsMissing_then_thatIsFound() {
    alter((tables, txn) -> tables.leases().delete(txn, id(LEASE)));
    assertFound("keys name lease 1, which is not there");
  }

  @Test
  void when_aLeaseCountsOtherKeysThanNameIt_then_thatIsFound() {
    alter((tables, txn) -> countKeys(tables, txn, LEASE, 2));
    assertFound("lease 1 counts 2 keys, but 1 name it");
  }

  @Test
  void when_theEntryOfAKeyWithItsLeaseIsMissing_then_thatIsFound() {
    alter(
        (tables, txn) -> {
          try (Cursor<ByteBuffer> entries = tables.leaseKeys().openCursor(txn)) {
            entries.first();
            entries.delete();
          }
        });
    assertFound("1 keys name leases, but 0 are entered with them");
  }

  @Test
  void when_aKeyIsEnteredWithALeaseThatItDoesNotName_then_thatIsFound() {
    alter(
        (tables, txn) -> {
          final KeyLeases leases = new KeyLeases(tables);
          leases.load(txn);
          leases.attach(txn, LEASE, bytes("free"));
          countKeys(tables, txn, LEASE, 1);
        });
    assertFound("a key is entered with lease 1, but does not name it");
  }

  @Test
  void when_aLeaseIsThereThatWasNotGivenYet_then_thatIsFound() {
    alter((tables, txn) -> countKeys(tables, txn, 77, 0));
    assertFound("lease 77 is there, but the last that was given is 2");
  }

  @Test
  void when_aGrantMakesNoSense_then_thatIsFound() {
    alter((tables, txn) -> tables.keyGrants().put(txn, id(9), Tables.direct(new byte[] {0, 0})));
    assertFound("a grant of keys makes no sense");
  }

  @Test
  void when_theCopyIsOfVersion1_0_then_itIsWhole_unlessAKeyNamesALease() throws Exception {
    TestStore.makeOld(copy);
    assertFound("keys name leases, but there is no table of leases");

    store.delete("held", "");
    final Path without = temporary.resolve("without");
    SnapshotWriter.write(store.store, without);
    TestStore.makeOld(without);
    assertEquals(1, DetachedStore.check(without).keys());
  }
}
