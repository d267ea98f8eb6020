package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is told of leaders and members: each change once, and nothing that did not happen. */
final class NewsTest {
  private static final Set<Integer> NOBODY = Set.of();

  private final List<String> told = new ArrayList<>();
  private final Journal journal = (kind, detail) -> told.add(kind + ": " + detail);
  private final LeaderNews leaders = new LeaderNews(journal);
  private final MemberNews members = new MemberNews(journal);

  @Test
  void when_anotherNodeLeads_then_itIsToldOnceWithItsTerm() {
    leaders.leads(2, 5);
    leaders.leads(2, 5);
    leaders.look(() -> 2);
    leaders.leads(3, 6);
    leaders.leads(3, 8);

    assertEquals(
        List.of(
            "LEADER_CHANGED: node 2 leads in term 5",
            "LEADER_CHANGED: node 3 leads in term 6",
            "LEADER_CHANGED: node 3 leads in term 8"),
        told);
  }

  @Test
  void when_nobodyLeadsAnyMore_then_itIsToldOnceAndWhoTheLastOneWas() {
    leaders.look(() -> 0);
    leaders.leads(2, 5);
    leaders.look(() -> 0);
    leaders.look(() -> 0);
    leaders.leads(2, 5);

    assertEquals(
        List.of(
            "LEADER_CHANGED: node 2 leads in term 5",
            "LEADER_CHANGED: no leader is known; node 2 was the last one, in term 5",
            "LEADER_CHANGED: node 2 leads in term 5"),
        told);
  }

  @Test
  void when_aChangeOfTheMembersEnds_then_whoCameAndWhoWentIsTold() {
    members.applied(Set.of(1, 2, 3), NOBODY, false);
    members.applied(Set.of(1, 2, 3, 4), Set.of(1, 2, 3), false);
    assertEquals(List.of(), told, "it is not finished");
    members.applied(Set.of(1, 2, 3, 4), NOBODY, false);
    members.applied(Set.of(1, 3, 4), Set.of(1, 2, 3, 4), false);
    members.applied(Set.of(1, 3, 4), NOBODY, false);

    assertEquals(
        List.of(
            "MEMBER_ADDED: node 4; the members are 1, 2, 3, 4",
            "MEMBER_REMOVED: node 2; the members are 1, 3, 4"),
        told);
  }

  @Test
  void when_aNewLeaderConfirmsTheMembers_then_nothingIsTold() {
    members.applied(Set.of(1, 2, 3), NOBODY, false);
    members.applied(Set.of(1, 2, 3), NOBODY, false);

    assertEquals(List.of(), told);
  }

  @Test
  void when_theLogIsGoneOverAgain_then_onlyWhatIsNewIsTold() {
    members.applied(Set.of(1), NOBODY, true);
    members.applied(Set.of(1, 2), Set.of(1), true);
    members.applied(Set.of(1, 2), NOBODY, true);
    members.applied(Set.of(1, 2, 3), Set.of(1, 2), true);
    members.applied(Set.of(1, 2, 3), NOBODY, false);

    assertEquals(List.of("MEMBER_ADDED: node 3; the members are 1, 2, 3"), told);
  }

  @Test
  void when_theChangeBeginsBehindASnapshot_then_itIsComparedWithItsOwnBegin() {
    members.applied(Set.of(1), NOBODY, false);
    members.applied(Set.of(1, 2, 3, 4), Set.of(1, 2, 3), false);
    members.applied(Set.of(1, 2, 3, 4), NOBODY, false);

    assertEquals(List.of("MEMBER_ADDED: node 4; the members are 1, 2, 3, 4"), told);
  }
}
