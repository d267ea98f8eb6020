package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.Txn;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.command.WireReader;

/** A store and the log that is applied to it; each request is an entry of its own unless a test asks for more. */
final class TestStore implements AutoCloseable {
  static final Store.Limits LIMITS = new Store.Limits(1L << 30, 16);
  static final int NODE = 1;
  static final long RUN = 10;

  final Store store;
  long term = 1;
  private long seq;

  TestStore(Store store) {
    this.store = store;
    this.seq = store.position().index() + 1;
  }

  static TestStore create(Path directory) throws IOException {
    Files.createDirectories(directory);
    return new TestStore(Store.create(directory, 1, LIMITS, clean -> {}));
  }

  /** Takes away from a closed store, or a copy of one, what version 1.0 did not have. */
  static void makeOld(Path directory) {
    try (Env<ByteBuffer> env = Env.create().setMaxDbs(9).setMapSize(1L << 30).open(directory.toFile());
        Txn<ByteBuffer> txn = env.txnWrite()) {
      for (String table : List.of("lease", "lease_key", "key_grant")) {
        env.openDbi(txn, table.getBytes(StandardCharsets.US_ASCII), null, false).drop(txn, true);
      }
      final Dbi<ByteBuffer> meta = env.openDbi(txn, "meta".getBytes(StandardCharsets.US_ASCII), null, false);
      assertTrue(meta.delete(txn, Tables.direct("last_lease".getBytes(StandardCharsets.US_ASCII))));
      txn.commit();
    }
  }

  /** Changes the tables of a closed store, or of a copy of one, behind the store's back. */
  static void alter(Path directory, BiConsumer<Tables, Txn<ByteBuffer>> change) {
    try (Tables tables = Tables.open(directory, LIMITS)) {
      try (Txn<ByteBuffer> txn = tables.env().txnWrite()) {
        change.accept(tables, txn);
        txn.commit();
      }
      tables.env().sync(true);
    }
  }

  /** Overwrites all pages but the first two, which say where the others are: whoever reads finds none. */
  void damage() throws IOException {
    try (FileChannel file = FileChannel.open(store.file(), StandardOpenOption.WRITE)) {
      final long begin = 2 * 4096;
      file.write(ByteBuffer.allocate((int) (file.size() - begin)), begin);
    }
  }

  /** A key as a range shows it. */
  record Row(String key, String value, long createRevision, long modRevision, long version) {}

  /** What a range answers. */
  record Page(long revision, long count, boolean more, List<Row> rows) {
    List<String> keys() {
      return rows.stream().map(Row::key).toList();
    }
  }

  long nextIndex() {
    return store.position().index() + 1;
  }

  Batch batch(ByteBuffer... requests) {
    return new Batch(NODE, RUN, ++seq, 1_700_000_000_000L, List.of(requests));
  }

  /** Applies a batch as the next entry. */
  BatchResult offer(Batch batch) throws StoreFailedException {
    return store.apply(term, nextIndex(), batch.encode()).orElseThrow();
  }

  /** Applies one request and returns the body of its result. */
  WireReader call(ByteBuffer request) throws Exception {
    return body(offer(batch(request)).responses().get(0));
  }

  long put(String key, String value) throws Exception {
    return call(Wire.put(key, value)).i64();
  }

  /** Returns how many were deleted. */
  long delete(String key, String end) throws Exception {
    final WireReader in = call(Wire.delete(key, end));
    in.i64();
    return in.i64();
  }

  /** Applies one request that must be refused. */
  Failure refused(ByteBuffer request) throws Exception {
    final ByteBuffer response = offer(batch(request)).responses().get(0);
    assertTrue(!Responses.isOk(response), "it was not refused");
    return Responses.failure(response);
  }

  Page range(String key, String end) throws Exception {
    return range(key, end, 0, 0, 0);
  }

  Page range(String key, String end, long limit, long revision, int flags) throws Exception {
    final WireReader in = body(store.range(Wire.range(key, end, limit, revision, flags)));
    final long newest = in.i64();
    return page(in, newest);
  }

  /** Everything there is at a revision. */
  List<Row> all(long revision) throws Exception {
    return range("", Wire.ALL, 0, revision, 0).rows();
  }

  /** Reads count, more and keys. */
  static Page page(WireReader in, long revision) throws PgraftException {
    final long count = in.i64();
    final boolean more = in.u8() != 0;
    final int rows = in.i32();
    final List<Row> read = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      final String key = Wire.text(in.bytes());
      final String value = Wire.text(in.bytes());
      read.add(new Row(key, value, in.i64(), in.i64(), in.i64()));
      in.i64();
    }
    return new Page(revision, count, more, read);
  }

  long hash() throws Exception {
    return hash(0);
  }

  long hash(long revision) throws Exception {
    final WireReader in = body(store.hash(revision));
    in.i64();
    return in.i64();
  }

  private static WireReader body(ByteBuffer response) throws PgraftException {
    if (!Responses.isOk(response)) {
      throw new PgraftException(Responses.failure(response));
    }
    return new WireReader(Responses.body(response), "response");
  }

  @Override
  public void close() {
    store.close();
  }
}
