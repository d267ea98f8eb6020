package org.pgraft.chaos;

import java.util.List;
import java.util.Random;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.Damage;
import org.pgraft.cluster.TestNode;

/** A follower stops, a file of its engine is damaged, and it starts: it refuses and names the file, or it recovers. */
record DamageFollower(String name) implements Fault {
  private static final List<String> FILES =
      List.of("identity", "raft/*/current/raft-meta", "raft/*/current/log_inprogress_*", "store/[0-9]*/data.mdb", "store/mark");
  private static final List<Damage.Kind> KINDS = List.of(Damage.Kind.TRUNCATED, Damage.Kind.EMPTIED);

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode victim = arena.anyFollower(random);
    victim.stop("fast");
    Damage.Kind kind = KINDS.get(random.nextInt(KINDS.size()));
    Damage damage = Damage.to(victim, FILES.get(random.nextInt(FILES.size())), kind);
    victim.start();
    boolean refused = Await.value(victim + " refuses or recovers", () -> end(victim, damage), end -> true);
    return new Injection() {
      @Override
      public void heal() throws Exception {
        if (refused) {
          victim.stop("fast");
          damage.putBack();
          victim.start();
        }
      }

      @Override
      public String bite() {
        return victim + (refused ? " refused " : " recovered from ") + damage + ", " + kind;
      }
    };
  }

  /** Whether the node has refused, true, or runs again, false; null as long as neither is so. */
  private static Boolean end(TestNode victim, Damage damage) throws Exception {
    if (damage.isRefused()) {
      return true;
    }
    return victim.text("SELECT pgraft_get_worker_state()").equals("RUNNING") ? false : null;
  }
}
