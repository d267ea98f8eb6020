package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgraft.command.WireReader;
import org.pgraft.store.TestStore.Row;

/** Some thousand random requests, compared with a model that keeps every state there ever was. */
final class ModelTest {
  private static final int STEPS = 2000;

  @TempDir Path directory;
  private final TreeMap<Long, TreeMap<String, Row>> states = new TreeMap<>();
  private long revision = 1;
  private long compacted;
  private TestStore store;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void when_requestsComeAtRandom_then_everyRevisionThatIsKeptIsAsItWas(long seed) throws Exception {
    final Random random = new Random(seed);
    final StoreDirectory home =
        new StoreDirectory(Files.createDirectory(directory.resolve("store")), TestStore.LIMITS);
    store = new TestStore(home.open(Optional.empty()));
    states.put(1L, new TreeMap<>());
    try {
      for (int step = 0; step < STEPS; step++) {
        change(random);
        compare(random, "seed " + seed + ", step " + step);
        if (random.nextInt(400) == 0) {
          store.close();
          store = new TestStore(home.open(Optional.empty()));
        }
      }
      store.call(Wire.compact(0));
      long charged = 0;
      for (Row row : states.get(revision).values()) {
        charged += Layout.charge(row.key().length(), row.value().length());
      }
      assertEquals(charged, store.store.storedBytes(), "after compaction only what exists is kept");
    } finally {
      store.close();
    }
  }

  private void change(Random random) throws Exception {
    final String key = key(random);
    final String value = "v" + random.nextInt(1000) + "x".repeat(random.nextInt(10) == 0 ? 5000 : 3);
    final TreeMap<String, Row> after = new TreeMap<>(states.get(revision));
    switch (random.nextInt(10)) {
      case 0 -> {
        final int deleted = after.remove(key) == null ? 0 : 1;
        assertEquals(deleted, store.delete(key, ""));
        changed(deleted > 0, after);
      }
      case 1 -> {
        final String end = key(random);
        final int before = after.size();
        if (key.compareTo(end) < 0) {
          after.subMap(key, end).clear();
        }
        assertEquals(before - after.size(), store.delete(key, end));
        changed(before > after.size(), after);
      }
      case 2 -> {
        final String other = key + "0";
        final boolean removed = after.remove(other) != null;
        put(after, key, value);
        final WireReader answer = store.call(new Wire.Txn().put(key, value).delete(other, "").done());
        answer.u8();
        changed(true, after);
        assertEquals(revision, answer.i64(), "deleted: " + removed);
      }
      case 3 -> {
        if (random.nextInt(20) == 0 && revision > compacted) {
          compacted += 1 + random.nextLong(revision - compacted);
          store.call(Wire.compact(compacted));
        }
      }
      default -> {
        put(after, key, value);
        changed(true, after);
        assertEquals(revision, store.put(key, value));
      }
    }
  }

  private void put(TreeMap<String, Row> state, String key, String value) {
    final Row before = state.get(key);
    final long next = revision + 1;
    state.put(
        key,
        before == null
            ? new Row(key, value, next, next, 1)
            : new Row(key, value, before.createRevision(), next, before.version() + 1));
  }

  private void changed(boolean anything, TreeMap<String, Row> state) {
    if (anything) {
      states.put(++revision, state);
    }
  }

  private void compare(Random random, String when) throws Exception {
    assertEquals(revision, store.store.revision(), when);
    assertEquals(compacted, store.store.compactedRevision(), when);
    final long oldest = Math.max(1, compacted);
    final long at = oldest + random.nextLong(revision - oldest + 1);
    assertEquals(List.copyOf(states.get(at).values()), store.all(at), when + ", revision " + at);
    final TreeMap<String, Row> present = states.get(revision);
    assertEquals(present.size(), store.store.keyCount(), when);
    assertEquals(
        present.values().stream().mapToLong(row -> row.key().length() + row.value().length()).sum(),
        store.store.keyBytes(),
        when);
  }

  private static String key(Random random) {
    return "k" + random.nextInt(12) + (random.nextBoolean() ? "" : "0");
  }
}
