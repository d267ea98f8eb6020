package org.pgraft.consensus;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.pgraft.consensus.PeerMessage.Answer;
import org.pgraft.consensus.PeerMessage.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the introductions of other nodes, and notes with which directory each came.
 *
 * <p>Thread-safe; an introduction that is new is written to disk before it is answered.
 */
final class Introductions {
  private static final Logger LOG = LoggerFactory.getLogger(Introductions.class);

  private final int self;
  private final IdentityFiles identity;
  private final Clearance clearance;

  Introductions(int self, IdentityFiles identity, Clearance clearance) {
    this.self = self;
    this.identity = identity;
    this.clearance = clearance;
  }

  /**
   * @param from the node that asks or introduces itself
   * @param shown the directory and the run that it comes with
   * @param takesPart whether it is about to take part, so that this is noted; or only asks
   * @param members the members of the configurations in force, empty when this node is no member
   * @param entered what the replicated member table says of that node, if this node can read it
   */
  Answer answer(
      int from, ShownDirectory shown, boolean takesPart, Set<Integer> members, Optional<KnownDirectory> entered) {
    final boolean listed = members.contains(from);
    try {
      final Optional<KnownDirectory> known =
          listed || clearance.concerns(from) ? known(from, shown, takesPart, listed, entered) : entered;
      return new Answer(Verdict.ANSWERED, new Greeting(self, !members.isEmpty(), listed, known).encode());
    } catch (IOException e) {
      LOG.error("could not note the directory of node {}", from, e);
      return Answer.of(Verdict.UNKNOWN);
    }
  }

  /** The member table speaks first; before it knows a node, or a run of it, what was noted here does. */
  private Optional<KnownDirectory> known(
      int from, ShownDirectory shown, boolean takesPart, boolean listed, Optional<KnownDirectory> entered)
      throws IOException {
    if (entered.filter(known -> known.forbids(shown)).isPresent()) {
      return entered;
    }
    final KnownDirectory noted = identity.identity().introduced().get(from);
    final boolean replaced =
        noted != null
            && !noted.directory().equals(shown.directory())
            && entered
                .filter(known -> known.removed() && !listed || known.directory().equals(shown.directory()))
                .isPresent();
    final boolean binding = identity.identity().member() && !replaced;
    final Optional<KnownDirectory> objection =
        takesPart
            ? identity.introduce(from, shown, binding)
            : identity.objection(from, shown).filter(before -> binding);
    return objection.or(() -> entered);
  }
}
