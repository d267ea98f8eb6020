package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.pgraft.consensus.EngineStatus.MemberStatus;

/** Which configurations have a majority that can be reached. */
final class QuorumTest {
  private static final int SELF = 1;

  @Test
  void when_a_majority_of_the_members_answers_then_it_is_there() {
    Quorum quorum = Quorum.of(Set.of(1, 2, 3), SELF, members(voter(2, true), voter(3, false)));
    assertEquals(new Quorum(3, 2, 0), quorum);
    assertTrue(quorum.isThere());
  }

  @Test
  void when_half_of_the_members_answers_then_it_is_not_there() {
    Quorum quorum = Quorum.of(Set.of(1, 2, 3, 4), SELF, members(voter(2, true), voter(3, false)));
    assertEquals(new Quorum(4, 2, 0), quorum);
    assertFalse(quorum.isThere());
    assertFalse(quorum.mayBeThere());
  }

  @Test
  void when_a_new_leader_has_not_heard_of_all_then_nothing_is_guessed() {
    Quorum quorum = Quorum.of(Set.of(1, 2, 3), SELF, members(voter(2, null), voter(3, false)));
    assertFalse(quorum.isThere());
    assertTrue(quorum.mayBeThere());
  }

  @Test
  void when_the_leader_itself_would_leave_then_it_does_not_count() {
    assertEquals(new Quorum(2, 1, 0), Quorum.of(Set.of(2, 3), SELF, members(voter(2, true), voter(3, false))));
  }

  @Test
  void when_a_node_still_catches_up_then_it_does_not_count() {
    List<MemberStatus> members = members(voter(2, false), new MemberStatus(
        3, "", "h", 1, false, true, 0, 0, 0, 0, 0, 0, 0));
    assertEquals(new Quorum(3, 1, 0), Quorum.of(Set.of(1, 2, 3), SELF, members));
  }

  @Test
  void when_a_node_is_added_then_it_makes_the_majority_larger_and_does_not_count() {
    assertEquals(
        new Quorum(4, 3, 0),
        Quorum.afterAdding(4, Set.of(1, 2, 3), SELF, members(voter(2, true), voter(3, true))));
  }

  @Test
  void when_two_are_to_be_a_cluster_then_the_newcomer_counts() {
    assertEquals(new Quorum(2, 2, 0), Quorum.afterAdding(2, Set.of(1), SELF, members()));
  }

  @Test
  void when_a_node_is_removed_then_it_counts_no_more() {
    assertEquals(
        new Quorum(2, 1, 0),
        Quorum.afterRemoving(2, Set.of(1, 2, 3), SELF, members(voter(2, true), voter(3, false))));
  }

  private static List<MemberStatus> members(MemberStatus... others) {
    List<MemberStatus> members = new ArrayList<>(List.of(others));
    members.add(voter(SELF, true));
    return members;
  }

  private static MemberStatus voter(int node, Boolean reachable) {
    return new MemberStatus(node, "", "h", 1, true, reachable, 0, 0, 0, 0, 0, 0, 0);
  }
}
