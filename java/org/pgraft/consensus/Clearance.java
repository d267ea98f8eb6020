package org.pgraft.consensus;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.pgraft.consensus.EngineStatus.MemberStatus;

/**
 * Decides when this node may take part. Its votes and the entries it acknowledged are promises that an empty directory, an
 * old copy or a second copy would break (Raft paper, section 5.2: a server votes once in a term), and only other members
 * can tell such a directory from the right one. So a node asks first, shows its directory, and nothing is written, so that
 * asking changes nothing. When enough others have answered and none objected, it writes down the number of its run, and
 * introduces itself: each member notes the run durably before it answers. Only then it takes part.
 *
 * <p>A member's directory is cleared by answers of so many others that they make a majority with it: fewer could not do
 * anything together. An empty directory that is to found a cluster is cleared when every other initial member has answered:
 * whoever took part with this node before would know its directory. Any objection, also a later one, ends the engine.
 *
 * <p>{@link #ask} is for one thread at a time and blocks for a second or two; the rest is thread-safe. The monitor guards what
 * was answered and is not held while members are asked.
 */
final class Clearance {
  private final int self;
  private final IdentityFiles identity;
  private final ShownDirectory shown;
  private final Map<Integer, String> initial;
  private final Greeter greeter;
  private final boolean member;

  private final Set<Integer> answered = new TreeSet<>();
  private Map<Integer, String> learned = Map.of();
  private boolean uninvited;

  /** Whether this run is written down: then members are not only asked. */
  private boolean begun;

  /**
   * @param run the number of this run, see {@link Incarnations}
   * @param initial the members of {@code pgraft.initial_cluster}, id to host:port, this node among them; or none
   */
  Clearance(int self, IdentityFiles identity, long run, Map<Integer, String> initial, Greeter greeter) {
    this.self = self;
    this.identity = identity;
    this.shown = new ShownDirectory(identity.identity().directory(), identity.identity().run(), run);
    this.initial = Map.copyOf(initial);
    this.greeter = greeter;
    this.member = identity.identity().member();
  }

  /**
   * Asks the members that have not answered yet, and introduces this node to them when enough have.
   *
   * @param listening whether this node listens already; before that, whoever answers at its address is another server
   * @throws EngineException when this node must not take part
   * @throws IOException when the run cannot be written down
   */
  void ask(boolean listening) throws EngineException, IOException {
    greet(listening);
    if (beginRun()) {
      greet(listening);
    }
  }

  /** Writes the run down, once, when enough have answered; whether that was now. */
  private synchronized boolean beginRun() throws IOException {
    if (begun || !enough()) {
      return false;
    }
    identity.beginRun(shown.run());
    begun = true;
    answered.clear();
    return true;
  }

  private void greet(boolean listening) throws EngineException {
    final Map<Integer, String> silent = silent();
    if (listening) {
      silent.remove(self);
    }
    final boolean introducing;
    synchronized (this) {
      introducing = begun;
    }
    final Map<Integer, Greeting> greetings = greeter.greet(silent, shown, introducing);
    synchronized (this) {
      greetings.forEach(
          (id, greeting) -> {
            // A member is vouched for by members alone; who has no directory of a member knows nothing.
            if (greeting.member() || !member) {
              answered.add(id);
            }
            uninvited |= greeting.member() && !greeting.listed();
          });
    }
  }

  /** The current members are told to a node that may know only former ones. */
  synchronized void learn(List<MemberStatus> members) {
    if (members.stream().anyMatch(member -> member.nodeId() == self && member.voter())) {
      learned =
          members.stream()
              .filter(MemberStatus::voter)
              .collect(
                  Collectors.toUnmodifiableMap(
                      MemberStatus::nodeId, member -> HostPort.format(member.host(), member.port())));
    }
  }

  /** Whether a leader has shown this node, while it waits, the members of their cluster. */
  synchronized boolean hearsLeader() {
    return !learned.isEmpty();
  }

  /** Whether a node is one of those that this node may share a cluster with. */
  synchronized boolean concerns(int node) {
    return initial.containsKey(node) || identity.identity().members().containsKey(node) || learned.containsKey(node);
  }

  /** Whether this node may open its member of the group, or found it. */
  synchronized boolean granted() {
    return begun && enough();
  }

  private boolean enough() {
    return member
        ? majorityOf(remembered()) || !learned.isEmpty() && majorityOf(learned)
        : founds() && answered.containsAll(others(initial));
  }

  /** Whether this node is to found a cluster with others, and has not, nor was added to one meanwhile. */
  private boolean founds() {
    return !member && !initial.isEmpty() && !uninvited && !identity.identity().member();
  }

  /**
   * The members as this directory knows them. A founder that ended before it had applied the first configuration knows those
   * with which it founded.
   */
  Map<Integer, String> remembered() {
    final Map<Integer, String> members = identity.identity().members();
    return members.isEmpty() ? initial : members;
  }

  private boolean majorityOf(Map<Integer, String> members) {
    return answered.stream().filter(members::containsKey).count() >= members.size() / 2;
  }

  private Set<Integer> others(Map<Integer, String> members) {
    final Set<Integer> others = new TreeSet<>(members.keySet());
    others.remove(self);
    return others;
  }

  /** Whether members are left that have not answered. */
  synchronized boolean isComplete() {
    final Map<Integer, String> silent = silent();
    silent.remove(self);
    return silent.isEmpty();
  }

  private synchronized Map<Integer, String> silent() {
    final Map<Integer, String> silent = new TreeMap<>(remembered());
    silent.putAll(learned);
    silent.keySet().removeAll(answered);
    return silent;
  }

  /** Whom this node waits for before it takes part, in words; empty when it does not wait for anybody's answer. */
  synchronized Optional<String> waitsFor() {
    if (granted() || !member && !founds()) {
      return Optional.empty();
    }
    final String silent =
        silent().entrySet().stream()
            .filter(member -> member.getKey() != self)
            .map(member -> "node " + member.getKey() + " at " + member.getValue())
            .collect(Collectors.joining(", "));
    return Optional.of(
        member
            ? "waits until a majority of the members has answered; silent: " + silent
            : "waits until every member of pgraft.initial_cluster has answered; silent: " + silent);
  }
}
