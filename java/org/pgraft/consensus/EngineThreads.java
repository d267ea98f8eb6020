package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.command.Responses;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the engine's threads: daemons all, so that none keeps the process alive. Stateless. */
final class EngineThreads {
  private static final Logger LOG = LoggerFactory.getLogger(EngineThreads.class);

  private static final long POLL_MILLIS = 10;
  private static final long MOMENT_MILLIS = 200;

  private EngineThreads() {}

  /** An executor of one daemon thread; tasks given after its shutdown are dropped. */
  static ScheduledExecutorService single(String name) {
    final ScheduledThreadPoolExecutor executor = new FailFast(name);
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    return executor;
  }

  /** Hands on what nobody is going to catch, so that it ends the engine and does not leave it half working. */
  static void uncaught(Throwable thrown) {
    final Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
    if (handler == null) {
      LOG.error("a task of the engine failed", thrown);
    } else {
      handler.uncaughtException(Thread.currentThread(), thrown);
    }
  }

  /**
   * Lets an executor work out a response. What it throws and does not answer itself is for {@link #uncaught}; the response is
   * then that the outcome is unknown.
   */
  static CompletableFuture<ByteBuffer> respond(Executor executor, Supplier<ByteBuffer> work) {
    return CompletableFuture.supplyAsync(work, executor)
        .exceptionally(
            thrown -> {
              uncaught(JavaUtils.unwrapCompletionException(thrown));
              return Responses.error(Failures.cutShort());
            });
  }

  /** One thread; what a task throws goes to {@link #uncaught} and not into a future that nobody reads. */
  private static final class FailFast extends ScheduledThreadPoolExecutor {
    FailFast(String name) {
      super(
          1,
          task -> {
            final Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
          },
          new DiscardPolicy());
    }

    @Override
    protected void afterExecute(Runnable task, Throwable thrown) {
      super.afterExecute(task, thrown);
      if (thrown != null) {
        uncaught(thrown);
      } else if (task instanceof Future<?> future && future.isDone() && !future.isCancelled()) {
        try {
          future.get();
        } catch (ExecutionException e) {
          uncaught(e.getCause());
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** Something that may throw. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  /**
   * Runs {@code action} on a daemon thread of its own and waits for it, but no longer than {@code millis}, and only a
   * moment longer than until {@code enough} is true: what is left to do is then of no interest.
   */
  static void within(long millis, String name, Action action, BooleanSupplier enough) {
    final Thread thread =
        new Thread(
            () -> {
              try {
                action.run();
              } catch (Exception e) {
                LOG.warn("{} failed", name, e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    try {
      for (long waited = 0; waited < millis && thread.isAlive() && !enough.getAsBoolean(); waited += POLL_MILLIS) {
        thread.join(POLL_MILLIS);
      }
      if (thread.isAlive() && !enough.getAsBoolean()) {
        LOG.warn("{} took longer than {} ms and goes on by itself", name, millis);
      }
      thread.join(MOMENT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
