package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Bytes and connections of those who are no members, on the members' port, while clients write. ({@link
 * ForeignCallsTest} has the calls.)
 */
@Tag("long")
final class StrangersTest extends ClusterTest {
  private static final long SEED = 4711;

  /** More file descriptors than a worker has with all the connections that it grants. */
  private static final long DESCRIPTORS = 600;

  /** What a stranger does with a connection; that the other end breaks it off is no failure. */
  @FunctionalInterface
  private interface Visit {
    void with(Stranger stranger) throws IOException;
  }

  private static void visit(TestNode node, Visit visit) throws IOException {
    try (Stranger stranger = new Stranger(node)) {
      visit.with(stranger);
    } catch (java.net.ConnectException | java.net.SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      assertTrue(String.valueOf(e.getMessage()).matches("(?s).*(reset|roken pipe|closed|abort).*"), e.toString());
    }
  }

  @Test
  void when_strangers_send_garbage_then_nothing_happens() throws Exception {
    Random random = new Random(SEED);
    Unharmed.during(cluster(3, Unharmed.SETTINGS), cluster -> {
      for (TestNode node : cluster.nodes()) {
        for (int i = 0; i < 100; i++) {
          visit(node, stranger -> stranger.send(Stranger.random(random, 64 << 10)));
        }
        for (int i = 0; i < 50; i++) {
          visit(node, stranger -> {
            stranger.sendPreface();
            for (int frame = 0; frame < 50; frame++) {
              stranger.send(Stranger.frame(random.nextInt(12), random.nextInt(256), random.nextInt(16),
                  Stranger.random(random, 2000)));
            }
          });
        }
      }
    });
  }

  @Test
  void when_strangers_claim_huge_lengths_then_memory_stays_bounded() throws Exception {
    Unharmed.during(cluster(3, Unharmed.SETTINGS), cluster -> {
      for (TestNode node : cluster.nodes()) {
        for (int length : new int[] {Integer.MAX_VALUE, -1, Integer.MIN_VALUE, 64 << 20}) {
          byte[] prefix = ByteBuffer.allocate(5).put((byte) 0).putInt(length).array();
          visit(node, stranger -> {
            stranger.sendPreface();
            stranger.sendCall("/pgraft.Peer/Call", 1);
            stranger.send(Stranger.frame(Stranger.DATA, 0, 1, prefix));
            stranger.sendCall("/ratis.grpc.RaftServerProtocolService/appendEntries", 3);
            stranger.send(Stranger.frame(Stranger.DATA, 0, 3, prefix));
          });
        }
        visit(node, stranger -> sendEndlessHeaders(stranger));
      }
      // each message within its limit, never ended, together far more than there is memory
      TestNode victim = cluster.leader();
      List<Stranger> holding = new ArrayList<>();
      try {
        for (int i = 0; i < 100; i++) {
          Stranger stranger = new Stranger(victim);
          holding.add(stranger);
          sendUnfinishedMessages(stranger);
        }
      } finally {
        for (Stranger stranger : holding) {
          stranger.close();
        }
      }
    });
  }

  private static void sendEndlessHeaders(Stranger stranger) throws IOException {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    while (block.size() < 16_000) {
      Stranger.header(block, "x-" + block.size(), "y".repeat(100));
    }
    stranger.sendPreface();
    stranger.send(Stranger.frame(Stranger.HEADERS, 0, 1, Stranger.callHeaders("/pgraft.Peer/Call")));
    for (int i = 0; i < 200; i++) {
      stranger.send(Stranger.frame(Stranger.CONTINUATION, 0, 1, block.toByteArray()));
    }
  }

  /** Four streams with 900 kB each of a message that says it has 4 MB, which the windows of HTTP/2 allow. */
  private static void sendUnfinishedMessages(Stranger stranger) {
    byte[] part = new byte[16_000];
    byte[] prefix = ByteBuffer.allocate(5).put((byte) 0).putInt((4 << 20) - 1).array();
    try {
      stranger.sendPreface();
      for (int stream = 1; stream < 9; stream += 2) {
        stranger.sendCall("/pgraft.Peer/Call", stream);
        stranger.send(Stranger.frame(Stranger.DATA, 0, stream, prefix));
        for (int i = 0; i < 56; i++) {
          stranger.send(Stranger.frame(Stranger.DATA, 0, stream, part));
        }
      }
    } catch (IOException e) {
      assertTrue(stranger.isShownOut(), e.toString());
    }
  }

  @Test
  void when_strangers_flood_a_connection_then_the_cluster_goes_on() throws Exception {
    Unharmed.during(cluster(3, Unharmed.SETTINGS), cluster -> {
      for (TestNode node : cluster.nodes()) {
        visit(node, stranger -> flood(stranger, Stranger.frame(Stranger.SETTINGS, 0, 0)));
        visit(node, stranger -> flood(stranger, Stranger.frame(Stranger.PING, 0, 0, new byte[8])));
        visit(node, stranger -> {
          stranger.sendPreface();
          for (int stream = 1; stream < 40_000; stream += 2) {
            stranger.sendCall("/pgraft.Peer/Call", stream);
            stranger.send(Stranger.frame(Stranger.RST_STREAM, 0, stream, new byte[4]));
          }
        });
      }
    });
  }

  private static void flood(Stranger stranger, byte[] frame) throws IOException {
    ByteArrayOutputStream many = new ByteArrayOutputStream();
    for (int i = 0; i < 1000; i++) {
      many.writeBytes(frame);
    }
    stranger.sendPreface();
    for (int i = 0; i < 200; i++) {
      stranger.send(many.toByteArray());
    }
  }

  @Test
  void when_strangers_hold_thousands_of_connections_then_members_still_get_in() throws Exception {
    TestCluster cluster = cluster(3, Unharmed.SETTINGS);
    TestNode leader = cluster.leader();
    TestNode follower = cluster.follower();
    TestNode other = cluster.others(leader, follower).get(0);
    long term = leader.number("SELECT pgraft_get_term()");
    long worker = leader.worker();
    try (Crowd crowd = new Crowd(cluster.nodes(), 3000)) {
      crowd.awaitFull();
      for (TestNode node : cluster.nodes()) {
        long open = ProcessUse.ofWorker(node).descriptors();
        assertTrue(open < DESCRIPTORS, () -> node + "'s worker has " + open + " files open");
      }
      Load load = Load.during(List.of(leader, other), 2, writing -> {
        writing.awaitMore(100);
        // all its connections, and those to it, are made anew, among strangers who come back at once
        follower.restart();
        follower.awaitState("RUNNING");
        try (Session session = follower.connect()) {
          session.run("SET pgraft.command_timeout = '60s'");
          assertTrue(session.truth("SELECT pgraft_log_sync_with_leader()"));
          assertTrue(session.truth("SELECT pgraft_kv_put('written', 'in the crowd')"));
        }
        writing.awaitMore(100);
      });
      assertEquals(0, load.errors(), "the writers noticed nothing");
      load.assertKept(cluster.nodes());
    }
    assertEquals(leader, cluster.leader());
    assertEquals(term, leader.number("SELECT pgraft_get_term()"), "the term");
    assertEquals(worker, leader.worker());
    assertEquals("in the crowd", leader.get("written"));
    cluster.assertSameStores();
  }

  @Test
  void when_a_stranger_says_nothing_or_never_ends_then_it_is_shown_out() throws Exception {
    TestNode node = cluster(1).node(1);
    List<Visit> manners = List.of(
        stranger -> { },
        Stranger::sendHalfAPreface,
        Stranger::sendPreface,
        stranger -> {
          stranger.sendPreface();
          stranger.sendCall("/pgraft.Peer/Call", 1);
        });
    for (Visit manner : manners) {
      try (Stranger stranger = new Stranger(node)) {
        manner.with(stranger);
        assertTrue(stranger.isShownOut(), "the connection still stands");
      }
    }
  }

  @Test
  void when_a_node_of_another_cluster_names_the_members_as_its_own_then_it_is_refused() throws Exception {
    TestCluster cluster = cluster(3, Unharmed.SETTINGS);
    TestNode stranger = cluster.oneMoreWaiting();
    List<TestNode> members = cluster.others(stranger);
    TestNode leader = TestCluster.leaderAmong(members);
    long term = leader.number("SELECT pgraft_get_term()");
    Load load = Load.during(members, 3, writing -> {
      writing.awaitMore(50);
      stranger.set("pgraft.cluster_id", "another");
      stranger.set("pgraft.name", stranger.name());
      stranger.set("pgraft.initial_cluster",
          cluster.nodes().stream().map(TestNode::member).collect(Collectors.joining(",")));
      stranger.stop("fast");
      stranger.host().run("rm", "-rf", stranger.engineData(), stranger.data() + "/pgraft.identity").orFail("rm");
      stranger.start();
      String message = Await.value("it says why it has no engine",
          () -> stranger.text("SELECT message FROM pgraft_node_status()"), said -> said.contains("refuses"));
      assertTrue(message.contains("pgraft.cluster_id"), message);
      writing.awaitMore(50);
    });
    assertEquals(0, load.errors());
    load.assertKept(members);
    assertEquals(leader, TestCluster.leaderAmong(members));
    assertEquals(term, leader.number("SELECT pgraft_get_term()"));
    assertNotEquals("RUNNING", stranger.text("SELECT pgraft_get_worker_state()"));
  }
}
