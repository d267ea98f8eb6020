package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.ratis.protocol.RaftPeer;
import org.junit.jupiter.api.Test;
import org.pgraft.command.Limits;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.pgraft.consensus.Replacement.Step;

/** Which of its two changes a replacement begins with. */
final class ReplacementTest {
  private static final int SELF = 1;
  private static final int NEW = 99;

  @Test
  void when_all_members_run_then_the_new_one_comes_before_the_old_one_goes() {
    assertEquals(Step.ADD, first(3, voter(2, true), voter(3, true)));
  }

  @Test
  void when_the_old_one_of_three_is_down_then_it_goes_first() {
    assertEquals(Step.REMOVE, first(3, voter(2, true), voter(3, false)));
  }

  @Test
  void when_the_old_one_of_five_is_down_then_the_others_suffice_to_add_the_new_one_first() {
    assertEquals(
        Step.ADD, first(5, voter(2, true), voter(3, true), voter(4, true), voter(5, false)));
  }

  @Test
  void when_two_of_five_are_down_then_the_one_of_them_that_is_replaced_goes_first() {
    assertEquals(
        Step.REMOVE, first(5, voter(2, true), voter(3, true), voter(4, false), voter(5, false)));
  }

  @Test
  void when_one_of_two_is_replaced_then_the_new_one_comes_first() {
    assertEquals(Step.ADD, first(2, voter(2, true)));
  }

  @Test
  void when_another_than_the_old_one_of_three_is_down_then_neither_can_be() {
    Replacement replacement = new Replacement(ids(3), 3, NEW);
    List<MemberStatus> members = members(voter(2, false), voter(3, true));
    assertEquals(Step.NONE, replacement.first(SELF, members));
    assertEquals(new Quorum(3, 1, 0), replacement.outcome(SELF, members));
    assertFalse(replacement.outcome(SELF, members).mayBeThere());
  }

  @Test
  void when_a_new_leader_has_not_heard_of_the_old_one_then_it_waits() {
    assertEquals(Step.WAIT, first(3, voter(2, true), voter(3, null)));
    assertEquals(Step.WAIT, first(3, voter(2, null), voter(3, false)));
  }

  @Test
  void when_the_cluster_has_as_many_members_as_it_can_then_the_old_one_goes_first() {
    MemberStatus[] others =
        IntStream.rangeClosed(2, Limits.MEMBERS_MAX).mapToObj(id -> voter(id, true)).toArray(MemberStatus[]::new);
    assertEquals(Step.REMOVE, first(Limits.MEMBERS_MAX, others));
  }

  @Test
  void when_a_change_would_exchange_two_voters_at_once_then_it_is_none_that_is_made() {
    List<RaftPeer> three = List.of(peer(1), peer(2), peer(3));
    assertThrows(
        IllegalArgumentException.class,
        () -> RaftNode.requireOneChange(three, List.of(peer(1), peer(2), peer(4))));
    assertThrows(IllegalArgumentException.class, () -> RaftNode.requireOneChange(three, List.of(peer(1))));
    assertDoesNotThrow(() -> RaftNode.requireOneChange(three, List.of(peer(1), peer(2))));
    assertDoesNotThrow(() -> RaftNode.requireOneChange(three, List.of(peer(1), peer(2), peer(3), peer(4))));
  }

  /** The last of {@code size} voters is to go. */
  private static Step first(int size, MemberStatus... others) {
    return new Replacement(ids(size), size, NEW).first(SELF, members(others));
  }

  private static Set<Integer> ids(int size) {
    return IntStream.rangeClosed(1, size).boxed().collect(Collectors.toSet());
  }

  private static RaftPeer peer(int id) {
    return RaftNode.peer(id, "10.0.0." + id + ":7001");
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
