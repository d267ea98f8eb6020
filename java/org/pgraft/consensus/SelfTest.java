package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.store.Store;

/**
 * What {@code pgraft_test()} does: tries the things without which the node is of no use, and reports each. The directory
 * takes a durable write; the store can be read; the lease holder answers.
 *
 * <p>The file is written on the given executor; the rest does not block.
 */
final class SelfTest {
  private final Path directory;
  private final Supplier<Optional<Store>> store;
  private final Supplier<HolderGateway> gateway;
  private final Executor slow;

  SelfTest(
      Path directory, Supplier<Optional<Store>> store, Supplier<HolderGateway> gateway, Executor slow) {
    this.directory = directory;
    this.store = store;
    this.gateway = gateway;
    this.slow = slow;
  }

  /** The response: one byte that tells whether all passed, and the report as text. */
  CompletableFuture<ByteBuffer> run(long deadlineNanos) {
    final CompletableFuture<String> disk = CompletableFuture.supplyAsync(this::disk, slow);
    final CompletableFuture<ByteBuffer> holder =
        gateway
            .get()
            .execute(
                new Request.Barrier().encode(),
                deadlineNanos,
                HolderGateway.Policy.read());
    return disk.thenCombine(
        holder,
        (written, answered) -> {
          final String readable = store.get().isPresent() ? "" : "the store is not open";
          final String reached = Responses.isOk(answered) ? "" : "the lease holder did not answer";
          final boolean passed = written.isEmpty() && readable.isEmpty() && reached.isEmpty();
          final String report =
              line("directory", written) + line("store", readable) + line("lease holder", reached);
          final byte[] text = report.getBytes(StandardCharsets.UTF_8);
          return Responses.ok(
              ByteBuffer.allocate(1 + 4 + text.length)
                  .put((byte) (passed ? 1 : 0))
                  .putInt(text.length)
                  .put(text)
                  .flip());
        });
  }

  private static String line(String what, String problem) {
    return what + ": " + (problem.isEmpty() ? "ok" : problem) + "\n";
  }

  private String disk() {
    final Path probe = directory.resolve("probe");
    try (FileChannel channel =
        FileChannel.open(
            probe, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1}));
      channel.force(true);
      Files.delete(probe);
      return "";
    } catch (IOException e) {
      return "not writable: " + e;
    }
  }
}
