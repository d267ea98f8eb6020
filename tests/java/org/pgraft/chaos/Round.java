package org.pgraft.chaos;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** One fault while clients work: inject it, hold it, heal it, wait for the cluster, and judge what was answered. */
final class Round {
  /** Answers before the fault begins, so that there is something to lose. */
  private static final int WARM_UP = 30;
  private static final long AFTERWARDS_MILLIS = 1_500;
  /** Above those of the clients. */
  private static final int LAST_READER = 1_000;

  private final int number;
  private final Arena arena;
  private final Fault fault;
  private final Duration deadline;
  private final Random random;
  private final Keys keys;
  private final History history = new History();
  private final List<Violation> violations = new ArrayList<>();
  private final Map<String, Map<String, String>> stores = new HashMap<>();
  private OptionalDouble recovery = OptionalDouble.empty();
  private String lastCount;
  private String evidence = "it was not healed";
  private boolean bit;
  private Administration administration;
  private Workload workload;

  /**
   * A round that was not played yet.
   *
   * @param deadline how soon after the fault a majority has to accept writes
   */
  Round(int number, Arena arena, Fault fault, Duration deadline, Random random) {
    this.number = number;
    this.arena = arena;
    this.fault = fault;
    this.deadline = deadline;
    this.random = random;
    this.keys = new Keys(number);
  }

  RoundResult run() throws InterruptedException {
    Watch watch = new Watch(arena);
    try (watch) {
      Injection injection = disturb(watch);
      evidence = injection.choice();
      converge();
      evidence = injection.bite() + administration;
      bit = true;
      violations.addAll(injection.violations());
      checkStores();
    } catch (Injection.DidNotBite e) {
      evidence = e.getMessage();
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception | AssertionError e) {
      violations.add(new Violation("round", "it could not go on: " + e));
    } finally {
      if (workload != null) {
        workload.close();
      }
    }
    violations.addAll(RegisterChecker.check(history.operations()));
    violations.addAll(RevisionChecker.check(history.operations()));
    violations.addAll(ProgressChecker.check(watch.samples()));
    violations.addAll(arena.leases().check());
    violations.addAll(arena.checkLogs(fault.crashes()));
    history.surprises().forEach(error -> violations.add(new Violation("unexpected error", error)));
    return new RoundResult(number, fault.name(), bit, evidence, recovery, List.copyOf(violations), history);
  }

  /** Lets clients work while the fault comes and goes. */
  private Injection disturb(Watch watch) throws Exception {
    Random clients = new Random(random.nextLong());
    workload = new Workload(arena.nodes(), keys, clients, history, revision());
    arena.setWorkload(workload);
    try {
      Await.until("the clients have begun", () -> history.count(Operation.Outcome.OK) >= WARM_UP);
      long hold = fault.hold(random).toMillis();
      administration = Administration.prepare(arena, fault.meanwhile(), random);
      administration.visitor().ifPresent(watch::include);
      Injection injection = fault.inject(arena, random);
      try {
        administration.begin();
        Thread.sleep(hold);
      } finally {
        injection.heal();
        administration.end();
      }
      recovery = Recovery.measure(arena.nodes(), keys);
      if (recovery.isEmpty() || recovery.getAsDouble() > deadline.toSeconds()) {
        violations.add(new Violation("liveness", "no majority accepted a write within " + deadline.toSeconds()
            + " s after the fault"));
      }
      Thread.sleep(AFTERWARDS_MILLIS);
      administration.settle();
      violations.addAll(administration.violations());
      return injection;
    } finally {
      workload.rest();
    }
  }

  /** The store's revision; where nobody leads at the moment, somebody soon does. */
  private long revision() throws InterruptedException {
    long[] revision = new long[1];
    Await.until("a revision", () -> {
      revision[0] = arena.nodes().get(0).number("SELECT pgraft_kv_revision()");
      return true;
    });
    return revision[0];
  }

  /** Waits until all nodes have the same, and reads each key once more through each of them. */
  private void converge() throws Exception {
    for (TestNode node : arena.nodes()) {
      Await.until(node + " has caught up", () -> node.truth("SELECT pgraft_log_sync_with_leader()"));
    }
    TestCluster.assertSameStores(arena.nodes());
    for (TestNode node : arena.nodes()) {
      Await.until("reads of " + node, () -> {
        readAll(node);
        return true;
      });
    }
  }

  private void readAll(TestNode node) throws SQLException {
    int reader = LAST_READER + node.number();
    try (Session session = Client.open(node)) {
      for (String key : keys.registers()) {
        Client.read(reader, node, session, key, history);
      }
      lastCount = Client.read(reader, node, session, keys.counter(), history);
      session.run("SET pgraft.read_consistency = local");
      Map<String, String> store = new HashMap<>();
      for (List<String> row : session.rows("SELECT key, value FROM pgraft_kv_list(?)", keys.oncePrefix())) {
        store.put(row.get(0), row.get(1));
      }
      stores.put(node.name(), store);
    }
  }

  private void checkStores() throws InterruptedException {
    List<Hold> holds = workload.holds();
    violations.addAll(LockChecker.check(holds));
    Map<String, List<Watcher.Change>> told = workload.told(arena.nodes(), revision());
    violations.addAll(WatchChecker.check(told, history.operations(), keys.fenced()));
    evidence += "; lock held " + holds.size() + " times, "
        + told.values().stream().mapToInt(List::size).sum() + " changes told to " + told.size() + " watchers";
    violations.addAll(KeptWritesChecker.check(history.operations().stream()
        .filter(operation -> operation.key().startsWith(keys.oncePrefix())).toList(), stores));
    violations.addAll(CounterChecker.check(history.operations().stream()
        .filter(operation -> operation.key().equals(keys.counter())).toList(), lastCount));
  }
}
