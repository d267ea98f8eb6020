package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.AlreadyExistsException;
import org.apache.ratis.protocol.exceptions.GroupMismatchException;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.command.BatchResult;
import org.pgraft.command.PgraftException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's member of the Raft group: the one place that talks to Ratis' server. Requests go to it in process, without
 * a socket. Peers are named by their node id in decimal.
 *
 * <p>Thread-safe; nothing blocks except {@link #start} and {@link #close}. Answers arrive on Ratis' threads.
 */
final class RaftNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RaftNode.class);

  private final int node;
  private final RaftGroupId groupId;
  private final RaftServer server;
  private final Consumer<Throwable> failed;
  private final ScheduledExecutorService timer;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();

  /** Remembered, because asking Ratis for it takes a lock that is held while the server closes. */
  private volatile RaftServer.Division division;

  /**
   * @param node this node's id
   * @param cluster the group's id
   * @param server a server that was built but not started
   * @param fsyncNanos told how long each fsync of the log took; must not block
   * @param failed told what the engine has to begin anew for
   * @param timer ends what takes too long; best the thread that appends most, which it then need not wake
   */
  RaftNode(
      int node,
      UUID cluster,
      RaftServer server,
      LongConsumer fsyncNanos,
      Consumer<Throwable> failed,
      ScheduledExecutorService timer) {
    this.node = node;
    this.groupId = RaftGroupId.valueOf(cluster);
    this.server = server;
    this.failed = failed;
    this.timer = timer;
    RaftMetrics.observeFsync(memberId(), fsyncNanos);
  }

  private RaftGroupMemberId memberId() {
    return RaftGroupMemberId.valueOf(peerId(node), groupId);
  }

  /** The id of the group of a cluster: the same on all nodes that are configured with the same name. */
  static UUID clusterUuid(String clusterId) {
    return UUID.nameUUIDFromBytes(("pgraft cluster " + clusterId).getBytes(StandardCharsets.UTF_8));
  }

  static RaftPeerId peerId(int node) {
    return RaftPeerId.valueOf(Integer.toString(node));
  }

  static int nodeId(RaftPeerId peer) {
    return Integer.parseInt(peer.toString());
  }

  static RaftPeer peer(int node, String address) {
    return RaftPeer.newBuilder().setId(peerId(node)).setAddress(address).build();
  }

  /** Starts the server, and the group in it if it was given one. Blocks until the log is open. */
  void start() throws IOException {
    server.start();
  }

  /**
   * Starts this node's member of the group. When that fails the engine has to begin anew: what Ratis has opened of the group
   * stays open.
   *
   * @param peers the members of a new group, or nothing to wait for a leader to send the configuration
   */
  CompletableFuture<Void> startGroup(List<RaftPeer> peers) {
    return server
        .groupManagementAsync(
            GroupManagementRequest.newAdd(
                clientId, peerId(node), callIds.incrementAndGet(), RaftGroup.valueOf(groupId, peers), false))
        .thenAccept(RaftNode::requireSuccess)
        .whenComplete(
            (nothing, failure) -> {
              if (failure != null && !JavaUtils.isCausedBy(failure, AlreadyExistsException.class)) {
                failed.accept(JavaUtils.unwrapCompletionException(failure));
              }
            });
  }

  /** This node's member of the group, if it has one whose log is open. */
  Optional<RaftServer.Division> division() {
    RaftServer.Division known = division;
    if (known == null) {
      try {
        known = server.getDivision(groupId);
      } catch (GroupMismatchException e) {
        return Optional.empty();
      } catch (IOException e) {
        LOG.debug("the group is not open: {}", e.toString());
        return Optional.empty();
      }
      division = known;
    }
    if (!known.getInfo().isAlive() || !isLogOpen(known)) {
      division = null;
      return Optional.empty();
    }
    return Optional.of(known);
  }

  /** Ratis shows a group before its log is there, and has no other way to ask for that. */
  private static boolean isLogOpen(RaftServer.Division group) {
    try {
      return group.getRaftLog().isOpened();
    } catch (IllegalStateException e) {
      LOG.debug("the group's log is not open yet: {}", e.toString());
      return false;
    }
  }

  /**
   * Whether Ratis has closed this node's member of the group although its configuration lists this node. Ratis does so by
   * itself after an error on a thread that it cannot do without, and tells nobody.
   */
  boolean closedAsMember() {
    if (division().isPresent()) {
      return false;
    }
    try {
      final RaftServer.Division known = server.getDivision(groupId);
      return !known.getInfo().isAlive() && ids(known.getRaftConf().getCurrentPeers()).contains(node);
    } catch (IOException e) {
      LOG.debug("there is no group: {}", e.toString());
      return false;
    }
  }

  /** Whether a configuration in force lists this node. */
  boolean isMember() {
    return configurations().stream().anyMatch(voters -> voters.contains(node));
  }

  /** The term in which this node leads and has applied an entry of its own term, or 0. */
  long readyTerm() {
    final Optional<RaftServer.Division> division = division();
    if (division.isEmpty()) {
      return 0;
    }
    final DivisionInfo info = division.get().getInfo();
    final long term = info.getCurrentTerm();
    return info.isLeader() && info.isLeaderReady() && info.getCurrentTerm() == term ? term : 0;
  }

  /** The current term as this node knows it, 0 without a group. */
  long currentTerm() {
    return division().map(division -> division.getInfo().getCurrentTerm()).orElse(0L);
  }

  /** The node that this one believes to lead, 0 when it knows of none. */
  int leader() {
    return division()
        .map(division -> division.getInfo().getLeaderId())
        .map(RaftNode::nodeId)
        .orElse(0);
  }

  /** Where a member listens, by the configuration in force. */
  Optional<InetSocketAddress> addressOf(int member) {
    return division()
        .map(division -> division.getRaftConf().getPeer(peerId(member)))
        .map(RaftNode::addressOf);
  }

  /** The ids of the voters of every configuration in force: one set, or two while the membership changes. */
  List<Set<Integer>> configurations() {
    final Optional<RaftServer.Division> division = division();
    if (division.isEmpty()) {
      return List.of();
    }
    final RaftConfiguration configuration = division.get().getRaftConf();
    final List<Set<Integer>> sets = new ArrayList<>(2);
    sets.add(ids(configuration.getCurrentPeers()));
    final Set<Integer> previous = ids(configuration.getPreviousPeers());
    if (!previous.isEmpty()) {
      sets.add(previous);
    }
    return sets;
  }

  /** Where the members of every configuration in force listen, by node id; empty when this node knows of none. */
  Map<Integer, InetSocketAddress> members() {
    final Map<Integer, InetSocketAddress> members = new HashMap<>();
    division()
        .map(RaftServer.Division::getRaftConf)
        .ifPresent(
            configuration -> {
              configuration.getPreviousPeers().forEach(peer -> members.put(nodeId(peer.getId()), addressOf(peer)));
              configuration.getCurrentPeers().forEach(peer -> members.put(nodeId(peer.getId()), addressOf(peer)));
            });
    return members;
  }

  private static InetSocketAddress addressOf(RaftPeer peer) {
    return HostPort.parse(peer.getAddress());
  }

  private static Set<Integer> ids(Collection<RaftPeer> peers) {
    final Set<Integer> ids = new HashSet<>();
    peers.forEach(peer -> ids.add(nodeId(peer.getId())));
    return ids;
  }

  /** Appends an entry, if this node leads. What is not known when the time is over stays unknown. */
  CompletableFuture<Submission> append(ByteBuffer entry, long timeoutNanos) {
    final RaftClientRequest request =
        RaftClientRequest.newBuilder()
            .setClientId(clientId)
            .setServerId(peerId(node))
            .setGroupId(groupId)
            .setCallId(callIds.incrementAndGet())
            .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(entry)))
            .setType(RaftClientRequest.writeRequestType())
            .build();
    try {
      final CompletableFuture<Submission> outcome = submit(request).handle(RaftNode::submission);
      if (!outcome.isDone()) {
        final ScheduledFuture<?> late =
            timer.schedule(() -> outcome.complete(Submission.UNKNOWN), timeoutNanos, TimeUnit.NANOSECONDS);
        outcome.whenComplete((known, failure) -> late.cancel(false));
      }
      return outcome;
    } catch (RuntimeException e) {
      LOG.warn("an entry could not be submitted", e);
      return CompletableFuture.completedFuture(Submission.UNKNOWN);
    } catch (IOException e) {
      LOG.debug("an entry could not be submitted: {}", e.toString());
      return CompletableFuture.completedFuture(Submission.UNKNOWN);
    }
  }

  /**
   * To this node's member of the group itself. The server in front of it would have the request carried out by another thread
   * and block this one meanwhile.
   */
  private CompletableFuture<RaftClientReply> submit(RaftClientRequest request) throws IOException {
    return division().orElse(null) instanceof RaftClientAsynchronousProtocol member
        ? member.submitClientRequestAsync(request)
        : server.submitClientRequestAsync(request);
  }

  private static Submission submission(RaftClientReply reply, Throwable failure) {
    if (failure != null) {
      LOG.debug("the outcome of an entry is open: {}", failure.toString());
      return Submission.UNKNOWN;
    }
    if (!reply.isSuccess()) {
      // This refusal comes before the entry is in the log. A NotLeaderException may come after it, when the leader steps
      // down, and the next leader may still commit the entry; of the others it is not known.
      return reply.getLeaderNotReadyException() != null ? Submission.NOT_APPENDED : Submission.UNKNOWN;
    }
    try {
      return Submission.done(BatchResult.decode(reply.getMessage().getContent().asReadOnlyByteBuffer()));
    } catch (PgraftException e) {
      LOG.error("the store's result of an entry cannot be read", e);
      return Submission.UNKNOWN;
    }
  }

  /**
   * Changes the membership from exactly these voters to exactly those, if this node leads; another change in between makes
   * it fail. Newcomers catch up first, and nothing is appended before they have; the answer comes when the change is
   * committed, when a newcomer stopped answering, or when this node leads no more.
   *
   * <p>Joint consensus could change any number of voters at once (Raft paper, section 6). But a leader of Ratis' that is
   * elected in the midst of a change confirms the new voters alone, without the majority of the old ones. That is safe where
   * any majority of the new voters shares a member with any of the old ones, which is so when they differ by one.
   *
   * @throws IllegalArgumentException when they differ by more
   */
  CompletableFuture<Void> setConfiguration(List<RaftPeer> from, List<RaftPeer> voters) {
    requireOneChange(from, voters);
    final SetConfigurationRequest request =
        new SetConfigurationRequest(
            clientId,
            peerId(node),
            groupId,
            callIds.incrementAndGet(),
            SetConfigurationRequest.Arguments.newBuilder()
                .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                .setServersInCurrentConf(from)
                .setServersInNewConf(voters)
                .build());
    try {
      return server
          .setConfigurationAsync(request)
          .thenAccept(RaftNode::requireSuccess);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  static void requireOneChange(List<RaftPeer> from, List<RaftPeer> voters) {
    final long differences =
        Stream.concat(from.stream(), voters.stream())
            .filter(peer -> !(from.contains(peer) && voters.contains(peer)))
            .count();
    if (differences > 1) {
      throw new IllegalArgumentException("more than one voter would change from " + from + " to " + voters);
    }
  }

  /** Hands the leadership to {@code target}, if this node leads. */
  CompletableFuture<Void> transferLeadership(int target, long timeoutNanos) {
    return giveUpLeadership(peerId(target), timeoutNanos);
  }

  /** Gives the leadership up without naming a successor, if this node leads. */
  CompletableFuture<Void> stepDown(long timeoutNanos) {
    return giveUpLeadership(null, timeoutNanos);
  }

  private CompletableFuture<Void> giveUpLeadership(RaftPeerId successor, long timeoutNanos) {
    final TransferLeadershipRequest request =
        new TransferLeadershipRequest(
            clientId,
            peerId(node),
            groupId,
            callIds.incrementAndGet(),
            successor,
            TimeUnit.NANOSECONDS.toMillis(timeoutNanos));
    try {
      return server.transferLeadershipAsync(request).thenAccept(RaftNode::requireSuccess);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * Tells Ratis that the state machine has a new snapshot, so that it purges the log behind it.
   *
   * @return the index of the snapshot that Ratis now knows
   */
  CompletableFuture<Long> snapshotFinished(long timeoutNanos) {
    final SnapshotManagementRequest request =
        SnapshotManagementRequest.newCreate(
            clientId,
            peerId(node),
            groupId,
            callIds.incrementAndGet(),
            TimeUnit.NANOSECONDS.toMillis(timeoutNanos),
            1);
    return server
        .snapshotManagementAsync(request)
        .thenApply(
            reply -> {
              requireSuccess(reply);
              return reply.getLogIndex();
            });
  }

  private static void requireSuccess(RaftClientReply reply) {
    if (!reply.isSuccess()) {
      throw new CompletionException(reply.getException());
    }
  }

  @Override
  public void close() throws IOException {
    try {
      server.close();
    } finally {
      RaftMetrics.forget(memberId());
    }
  }
}
