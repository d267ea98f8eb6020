package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Since when a node knows that the voters are the same. */
class VoterChangesTest {
  private static final Set<Integer> NOBODY = Set.of();
  private static final Set<Integer> OLD = Set.of(1, 2, 3);
  private static final Set<Integer> NEW = Set.of(1, 2, 4);

  private long now = 100;
  private final VoterChanges changes = new VoterChanges(() -> now);

  private long appliedAt(long time, Set<Integer> voters, Set<Integer> before) {
    now = time;
    changes.applied(voters, before);
    return changes.changedNanos();
  }

  @Test
  void when_aLeaderConfirmsTheConfigurationThatTheLogBeganWith_then_nothingChanged() {
    changes.begun(List.of(OLD));
    assertEquals(100, appliedAt(200, OLD, NOBODY), "the start, before which nothing is known");
  }

  @Test
  void when_theConfigurationAtTheStartIsNotKnown_then_theFirstOneCountsAsAChange() {
    assertEquals(200, appliedAt(200, OLD, NOBODY));
    assertEquals(200, appliedAt(300, OLD, NOBODY));
  }

  @Test
  void when_theLogBeganInTheMidstOfAChange_then_itsEndCountsAsAChange() {
    changes.begun(List.of(NEW, OLD));
    assertEquals(200, appliedAt(200, NEW, NOBODY));
  }

  @Test
  void when_theVotersAreReplacedAndPutBack_then_bothAreChanges() {
    changes.begun(List.of(OLD));
    assertEquals(200, appliedAt(200, NEW, OLD));
    assertEquals(300, appliedAt(300, NEW, OLD), "a change that goes on");
    assertEquals(300, appliedAt(400, NEW, NOBODY));
    assertEquals(500, appliedAt(500, OLD, NEW));
    assertEquals(500, appliedAt(600, OLD, NOBODY));
  }

  @Test
  void when_entriesWereSkipped_then_theyMayHaveBeenChanges() {
    changes.begun(List.of(OLD));
    now = 300;
    changes.skipped();
    assertEquals(300, changes.changedNanos());
  }
}
