package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checksum by which members are compared. */
final class HashTest {
  @TempDir Path directory;
  private final List<TestStore> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(TestStore::close);
  }

  @Test
  void when_twoMembersApplyTheSameLog_then_theirHashesAreEqualAfterEachEntry() throws Exception {
    final TestStore one = store();
    final TestStore two = store();
    final Random random = new Random(1);
    for (int i = 0; i < 300; i++) {
      final ByteBuffer entry = one.batch(someRequest(random), someRequest(random)).encode();
      one.store.apply(1, i, entry);
      two.store.apply(1, i, entry);
      assertEquals(one.hash(), two.hash(), "after entry " + i);
    }

    assertEquals(one.store.stats(), two.store.stats());
    assertEquals(one.all(0), two.all(0));
  }

  @Test
  void when_anythingOfAKeyDiffers_then_theHashesDiffer() throws Exception {
    final Set<Long> hashes = new HashSet<>();
    hashes.add(store().hash());
    hashes.add(after(Wire.put("k", "v")));
    hashes.add(after(Wire.put("k", "w")));
    hashes.add(after(Wire.put("kv", "")));
    hashes.add(after(Wire.put("", ""), Wire.put("v", "k")));
    hashes.add(after(Wire.put("k", "v"), Wire.put("k", "v")));
    hashes.add(after(Wire.put("x", "v"), Wire.put("k", "v"), Wire.delete("x", "")));
    hashes.add(after(Wire.put("k", "v"), Wire.delete("k", ""), Wire.put("k", "v")));

    assertEquals(8, hashes.size());
  }

  @Test
  void when_onlyOneOfTheNumbersOfAKeyDiffers_then_theHashesDiffer() throws Exception {
    final ByteBuffer last = new Wire.Txn().put("k", "v").delete("x", "").done();
    final Set<Long> hashes = new HashSet<>();
    hashes.add(after(Wire.put("k", "v"), Wire.put("k", "v"), last));
    hashes.add(after(Wire.put("k", "v"), Wire.put("x", "v"), last));
    hashes.add(after(Wire.put("x", "v"), Wire.put("k", "v"), last));
    hashes.add(after(Wire.put("k", "v"), Wire.put("k", "v")));

    assertEquals(4, hashes.size());
  }

  @Test
  void when_anEarlierRevisionIsHashed_then_itIsTheHashOfThatTime() throws Exception {
    final TestStore store = store();
    final List<Long> then = new ArrayList<>(List.of(store.hash(), store.hash()));
    store.put("a", "1");
    then.add(store.hash());
    store.put("b", "1");
    then.add(store.hash());
    store.put("a", "2");
    then.add(store.hash());
    store.delete("b", "");

    for (int revision = 1; revision < then.size(); revision++) {
      assertEquals(then.get(revision), store.hash(revision), "revision " + revision);
    }
    assertNotEquals(then.get(4), store.hash());
  }

  @Test
  void when_historyIsDropped_then_theHashOfThePresentStays() throws Exception {
    final TestStore store = store();
    store.put("a", "1");
    store.put("a", "2");
    store.put("b", "1");
    store.delete("b", "");
    final long before = store.hash();
    store.call(Wire.compact(0));

    assertEquals(before, store.hash());
  }

  private TestStore store() throws Exception {
    opened.add(TestStore.create(directory.resolve("store" + opened.size())));
    return opened.get(opened.size() - 1);
  }

  private long after(ByteBuffer... requests) throws Exception {
    final TestStore store = store();
    store.offer(store.batch(requests));
    return store.hash();
  }

  private static ByteBuffer someRequest(Random random) {
    final String key = "k" + random.nextInt(20);
    return switch (random.nextInt(8)) {
      case 0 -> Wire.delete(key, "");
      case 1 -> Wire.delete(key, key + "z");
      case 2 -> new Wire.Txn().when(0, Wire.GREATER, key, 1).delete(key, "").otherwise().put(key, "t").done();
      case 3 -> Wire.compact(random.nextInt(200));
      case 4 -> random.nextInt(30) == 0 ? Wire.reset() : Wire.put(key, "");
      default -> Wire.put(key, "v".repeat(random.nextInt(3000)));
    };
  }
}
