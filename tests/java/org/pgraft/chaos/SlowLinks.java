package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.SlowLink;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** Packets between nodes that come late, or only so many of them, on the links to all nodes or to some. */
record SlowLinks(String name, Kind kind) implements Fault {
  enum Kind {
    /** A delay, and a random one on top. */
    DELAY,
    LOW_BANDWIDTH
  }

  @Override
  public Optional<String> whyNot(TestCluster cluster) {
    return SlowLink.whyNot(cluster.nodes().get(0).host());
  }

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.SLOW_LINK);
  }

  @Override
  public Injection inject(Arena arena, Random random) {
    List<TestNode> slow = new ArrayList<>(arena.nodes());
    if (random.nextBoolean()) {
      Collections.shuffle(slow, random);
      slow = slow.subList(0, random.nextInt(1, slow.size()));
    }
    Map<SlowLink, Long> before = new LinkedHashMap<>();
    slow.forEach(node -> before.put(arena.link(node), arena.link(node).held()));
    String what = "links to " + slow + ": " + begin(List.copyOf(before.keySet()), random);
    return new Injection() {
      private long held;

      @Override
      public void heal() {
        before.forEach((link, then) -> held += link.held() - then);
        before.keySet().forEach(SlowLink::restore);
      }

      @Override
      public String bite() throws DidNotBite {
        Injection.demand(held > 0, what + ", but no byte was held");
        return what + "; " + held + " bytes were held";
      }
    };
  }

  private String begin(List<SlowLink> links, Random random) {
    if (kind == Kind.LOW_BANDWIDTH) {
      int bytes = random.nextInt(4_000, 40_000);
      links.forEach(link -> link.narrow(bytes));
      return bytes + " bytes/s";
    }
    int millis = random.nextInt(10, 250);
    int jitter = random.nextInt(0, 200);
    links.forEach(link -> link.delay(millis, jitter));
    return millis + " ms and up to " + jitter + " ms more";
  }
}
