package org.pgraft.store;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** One store, new for each test, and closed after it. */
abstract class StoreFixture {
  @TempDir Path temp;

  /** The store's own. */
  Path directory;

  TestStore store;

  @BeforeEach
  final void create() throws Exception {
    directory = temp.resolve("store");
    store = TestStore.create(directory);
  }

  @AfterEach
  final void close() {
    store.close();
  }

  /** Closes the store, if it is not closed, and opens it again; the log goes on in the same term. */
  final void reopen() throws Exception {
    final long term = store.term;
    store.close();
    store = new TestStore(Store.open(directory, 1, TestStore.LIMITS, clean -> {}));
    store.term = term;
  }
}
