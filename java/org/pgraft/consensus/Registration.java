package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.pgraft.command.Failure;
import org.pgraft.command.FeatureLevel;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.config.Settings;
import org.pgraft.store.MemberRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Enters this start of the node into the replicated member table, with the directory it uses, and with its address, which
 * counts at the first time. The table refuses a directory that is not the node's own, or an older state of it; then this
 * engine stops.
 *
 * <p>Thread-safe. The entry is offered until it is accepted or refused; the same start, entered twice, counts once.
 */
final class Registration {
  private static final Logger LOG = LoggerFactory.getLogger(Registration.class);
  private static final long PATIENCE_NANOS = TimeUnit.DAYS.toNanos(3650);

  private final int self;
  private final IdentityFiles identity;
  private final long previous;
  private final long incarnation;
  private final Settings settings;
  private final WriteRouter router;
  private final WriteRouter.Holder holder;
  private final BootClock clock;
  private final Consumer<Throwable> refused;
  private final AtomicBoolean begun = new AtomicBoolean();

  Registration(
      int self,
      IdentityFiles identity,
      long previous,
      long incarnation,
      Settings settings,
      WriteRouter router,
      WriteRouter.Holder holder,
      BootClock clock,
      Consumer<Throwable> refused) {
    this.self = self;
    this.identity = identity;
    this.previous = previous;
    this.incarnation = incarnation;
    this.settings = settings;
    this.router = router;
    this.holder = holder;
    this.clock = clock;
    this.refused = refused;
  }

  /** Begins to register, once; does nothing while this node is no member. */
  void begin() {
    if (!identity.identity().member() || !begun.compareAndSet(false, true)) {
      return;
    }
    offer();
  }

  /** What is entered; a node that is asked to join answers with it, and the lease holder enters it beforehand. */
  Request.NodeStart entry() {
    return new Request.NodeStart(
        self,
        identity.identity().directory(),
        incarnation,
        previous,
        settings.advertisedHost(),
        settings.port(),
        settings.name(),
        FeatureLevel.CURRENT);
  }

  /** Another server that was started with a copy of this directory has entered itself: one of the two must not go on. */
  void refuseCopies(MemberRecord entered) {
    final boolean copy =
        entered.directory().equals(identity.identity().directory())
            && entered.start() != incarnation
            && Incarnations.start(entered.start()) >= Incarnations.start(incarnation);
    if (copy) {
      refused.accept(
          new EngineException(
              "another server was started with a copy of the directory of node " + self,
              "Stop one of the two servers, and delete its pgraft directory."));
    }
  }

  private void offer() {
    final PendingWrite write =
        new PendingWrite(entry().encode(), true, clock.nanos() + PATIENCE_NANOS, new CompletableFuture<>());
    write.response().thenAccept(this::judge);
    router.submitOwn(write, holder);
  }

  private void judge(ByteBuffer response) {
    if (Responses.isOk(response)) {
      LOG.debug("node {} is registered", self);
      return;
    }
    try {
      final Failure failure = Responses.failure(response);
      if (failure.sqlState().equals(SqlState.OUTCOME_UNKNOWN) || failure.sqlState().equals(SqlState.NOT_ACCEPTED)) {
        // Its number may be too old for the store by now. The same start, entered again, changes nothing.
        offer();
        return;
      }
      refused.accept(
          new EngineException("the cluster refuses node " + self + ": " + failure.message(), failure.hint()));
    } catch (PgraftException e) {
      refused.accept(e);
    }
  }
}
