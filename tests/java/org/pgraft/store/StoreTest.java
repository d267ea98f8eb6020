package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireReader;
import org.pgraft.store.TestStore.Page;
import org.pgraft.store.TestStore.Row;

/** Keys, values, revisions and versions, as etcd's data model says. */
final class StoreTest extends StoreFixture {
  private static final int KEYS_ONLY = 1;
  private static final int COUNT_ONLY = 2;

  @Test
  void when_nothingWasEverStored_then_theRevisionIsOne() throws Exception {
    assertEquals(1, store.store.revision());
    assertEquals(LogPosition.NONE, store.store.position());
    assertEquals(new Page(1, 0, false, List.of()), store.range("k", ""));
  }

  @Test
  void when_aKeyIsStored_then_itHasTheNextRevisionAndVersionOne() throws Exception {
    assertEquals(2, store.put("k", "v"));

    assertEquals(new Page(2, 1, false, List.of(new Row("k", "v", 2, 2, 1))), store.range("k", ""));
  }

  @Test
  void when_aKeyIsStoredAgain_then_itKeepsItsCreateRevisionAndCountsVersions() throws Exception {
    store.put("k", "a");
    store.put("other", "x");
    assertEquals(4, store.put("k", "b"));

    assertEquals(List.of(new Row("k", "b", 2, 4, 2)), store.range("k", "").rows());
  }

  @Test
  void when_theSameValueIsStoredAgain_then_thatIsAChangeToo() throws Exception {
    store.put("k", "v");
    store.put("k", "v");

    assertEquals(List.of(new Row("k", "v", 2, 3, 2)), store.range("k", "").rows());
  }

  @Test
  void when_aKeyIsDeletedAndStoredAgain_then_itBeginsAnew() throws Exception {
    store.put("k", "a");
    store.put("k", "b");
    assertEquals(1, store.delete("k", ""));
    assertEquals(List.of(), store.range("k", "").rows());
    assertEquals(4, store.store.revision());
    store.put("k", "c");

    assertEquals(List.of(new Row("k", "c", 5, 5, 1)), store.range("k", "").rows());
  }

  @Test
  void when_nothingIsDeleted_then_theRevisionStays() throws Exception {
    store.put("k", "v");
    final WireReader answer = store.call(Wire.delete("absent", ""));

    assertEquals(2, answer.i64());
    assertEquals(0, answer.i64());
    assertEquals(2, store.store.revision());
  }

  @Test
  void when_aRangeIsDeleted_then_allOfItGoesAtOneRevision() throws Exception {
    fill("a", "b", "c", "d");
    assertEquals(2, store.delete("b", "d"));

    assertEquals(6, store.store.revision());
    assertEquals(List.of("a", "d"), store.range("", Wire.ALL).keys());
    assertEquals(List.of("a", "b", "c", "d"), store.range("", Wire.ALL, 0, 5, 0).keys());
  }

  @Test
  void when_aRangeIsRead_then_theEndIsNotPartOfIt() throws Exception {
    fill("a", "ab", "b", "c");

    assertEquals(List.of("a", "ab"), store.range("a", "b").keys());
    assertEquals(List.of("b", "c"), store.range("b", Wire.ALL).keys());
    assertEquals(List.of(), store.range("c", "a").keys());
    assertEquals(List.of("ab"), store.range("aa", "ac").keys(), "the bounds need not exist");
  }

  @Test
  void when_keysAreNotAscii_then_theyAreOrderedByTheirOctets() throws Exception {
    fill("é", "z", "~", "😀", "￿");

    assertEquals(List.of("z", "~", "é", "￿", "😀"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_aLimitIsGiven_then_theCountIsStillThatOfTheWholeRange() throws Exception {
    fill("a", "b", "c");

    final Page page = store.range("", Wire.ALL, 2, 0, 0);
    assertEquals(List.of("a", "b"), page.keys());
    assertEquals(3, page.count());
    assertTrue(page.more());
    assertFalse(store.range("", Wire.ALL, 3, 0, 0).more());
  }

  @Test
  void when_onlyKeysAreWanted_then_theValuesAreLeftOut() throws Exception {
    store.put("k", "v");

    assertEquals(List.of(new Row("k", "", 2, 2, 1)), store.range("k", "", 0, 0, KEYS_ONLY).rows());
  }

  @Test
  void when_onlyTheCountIsWanted_then_thereAreNoKeys() throws Exception {
    fill("a", "b");

    assertEquals(new Page(3, 2, false, List.of()), store.range("", Wire.ALL, 0, 0, COUNT_ONLY));
  }

  @Test
  void when_anEarlierRevisionIsRead_then_itIsAsItWas() throws Exception {
    store.put("a", "1");
    store.put("b", "1");
    store.put("a", "2");
    store.delete("b", "");

    assertEquals(List.of(), store.all(1));
    assertEquals(List.of(new Row("a", "1", 2, 2, 1)), store.all(2));
    assertEquals(List.of(new Row("a", "1", 2, 2, 1), new Row("b", "1", 3, 3, 1)), store.all(3));
    assertEquals(List.of(new Row("a", "2", 2, 4, 2), new Row("b", "1", 3, 3, 1)), store.all(4));
    assertEquals(List.of(new Row("a", "2", 2, 4, 2)), store.all(5));
    assertEquals(5, store.range("a", "", 0, 2, 0).revision(), "the store's revision, not the one asked for");
  }

  @Test
  void when_aRevisionIsNotThereYet_then_theReadIsRefused() throws Exception {
    store.put("a", "1");
    final PgraftException refused = assertThrows(PgraftException.class, () -> store.all(3));

    assertEquals(SqlState.REVISION_NOT_KEPT, refused.failure().sqlState());
  }

  @Test
  void when_keysComeAndGo_then_theFiguresFollow() throws Exception {
    store.put("key", "value");
    store.put("k", "v");
    store.put("key", "v");
    store.delete("k", "");

    assertEquals(1, store.store.keyCount());
    assertEquals(4, store.store.keyBytes());
    assertEquals(3, store.store.stats().puts());
    assertEquals(1, store.store.stats().deletes());
  }

  @Test
  void when_everythingIsReset_then_noKeyAndNoHistoryIsLeft() throws Exception {
    fill("a", "b");
    final WireReader answer = store.call(Wire.reset());

    assertEquals(2, answer.i64());
    assertEquals(4, answer.i64());
    assertEquals(List.of(), store.all(0));
    assertEquals(0, store.store.storedBytes());
    assertThrows(PgraftException.class, () -> store.all(3));
    assertEquals(5, store.put("a", "x"), "revisions never go back");
    assertEquals(List.of(new Row("a", "x", 5, 5, 1)), store.all(0));
  }

  @Test
  void when_valueIsAsLongAsAllowed_then_itComesBackWhole() throws Exception {
    final String longest = "x".repeat(1 << 20);
    final String key = "k".repeat(480);
    store.put(key, longest);

    assertEquals(List.of(new Row(key, longest, 2, 2, 1)), store.range(key, "").rows());
  }

  @Test
  void when_theResultIsTooLong_then_theReadIsRefusedWithoutAnEffect() throws Exception {
    store.put("a", "x".repeat(1 << 20));
    store.put("b", "x".repeat(1 << 20));
    final PgraftException refused = assertThrows(PgraftException.class, () -> store.all(0));

    assertEquals(SqlState.LIMIT_EXCEEDED, refused.failure().sqlState());
    assertEquals(2, store.range("", Wire.ALL, 0, 0, KEYS_ONLY).count());
    assertEquals(1, store.range("", Wire.ALL, 1, 0, 0).rows().size());
  }

  private void fill(String... keys) throws Exception {
    for (String key : keys) {
      store.put(key, "v");
    }
  }
}
