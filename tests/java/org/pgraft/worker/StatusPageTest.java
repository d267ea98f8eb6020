package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgraft.consensus.EngineStatus;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.pgraft.worker.StatusPage.MetricsState;
import org.pgraft.worker.StatusPage.WorkerState;

/** What sessions read on the status page, at the places where {@code native/shared.h} has it. */
final class StatusPageTest {
  private final SharedArea area = new SharedArea();
  private final StatusPage page = new StatusPage(area.shared(), area.layout());

  @Test
  void when_theFiguresAreShown_then_eachIsInItsPlace() {
    page.figures(status("paris", List.of(), 99));

    Map.ofEntries(
            Map.entry("node_id", 2L), Map.entry("role", 3L), Map.entry("term", 103L), Map.entry("leader_id", 104L),
            Map.entry("first_log_index", 105L), Map.entry("last_log_index", 106L), Map.entry("last_log_term", 107L),
            Map.entry("commit_index", 108L), Map.entry("applied_index", 109L), Map.entry("applied_term", 110L),
            Map.entry("snapshot_index", 111L), Map.entry("snapshot_term", 112L),
            Map.entry("snapshot_time_ms", 113L), Map.entry("revision", 115L),
            Map.entry("compacted_revision", 116L), Map.entry("keys", 117L), Map.entry("key_bytes", 118L),
            Map.entry("store_size_bytes", 119L), Map.entry("quota_bytes", 120L), Map.entry("elections", 121L),
            Map.entry("requests_ok", 122L), Map.entry("requests_failed", 123L), Map.entry("requests_unknown", 124L),
            Map.entry("lease_rounds", 125L), Map.entry("members_count", 0L), Map.entry("members_asof_ns", 99L))
        .forEach((field, figure) -> assertEquals(figure, area.status(field), field));
    assertEquals("paris", area.statusText("cluster_id"));
  }

  @Test
  void when_noStoreIsOpen_then_theRevisionIsNoneAndNotTheFirst() {
    page.figures(status("paris", List.of(), 99, EngineStatus.StoreStatus.CLOSED));

    // the store's generation may be there a moment before its figures
    assertEquals(-1, area.status("revision"));
  }

  @Test
  void when_figuresAreShown_then_whatOthersWriteStays() {
    final List<String> others =
        List.of("worker_epoch", "heartbeat_ns", "worker_pid", "lease_term", "lease_expiry_ns", "store_generation");
    final int status = area.layout().status();
    others.forEach(field -> area.memory.putLong(status + area.c.offset("PgraftStatus." + field), 77));

    page.figures(status("paris", List.of(member(1, "n1", true)), 99));
    page.state(WorkerState.RUNNING, "");
    page.metrics(MetricsState.SERVING, "");
    page.heap(1, 2);

    others.forEach(field -> assertEquals(77, area.status(field), field));
  }

  @Test
  void when_thePageWasChanged_then_itsNumberIsEvenAndAnother() {
    page.state(WorkerState.RUNNING, "");
    assertEquals(2, area.status("sequence"));
    page.figures(status("paris", List.of(member(1, "n1", true)), 99));
    assertEquals(4, area.status("sequence"));
    page.metrics(MetricsState.FAILED, "the port is taken");
    assertEquals(6, area.status("sequence"));
  }

  @Test
  void when_thePageIsBeingWritten_then_itsNumberIsOdd() {
    final List<MemberStatus> broken = new ArrayList<>();
    broken.add(null);

    assertThrows(NullPointerException.class, () -> page.figures(status("paris", broken, 99)));
    assertEquals(1, area.status("sequence"), "half a page could be taken for a whole one");
  }

  @ParameterizedTest
  @EnumSource(WorkerState.class)
  void when_theWorkersStateIsShown_then_itIsTheNumberThatTheServerKnows(WorkerState state) {
    page.state(state, "because");

    assertEquals(area.c.constant("PGRAFT_WORKER_" + state), area.status("worker_state"));
    assertEquals("because", area.statusText("message"));
  }

  @Test
  void when_theMetricsPageFailed_then_theReasonIsShown() {
    page.metrics(MetricsState.FAILED, "the port is taken");

    assertEquals(2, area.status("metrics_state"));
    assertEquals("the port is taken", area.statusText("metrics_message"));
  }

  @Test
  void when_memoryIsShown_then_itIsInItsPlace() {
    page.heap(31, 32);

    assertEquals(31, area.status("jvm_heap_used"));
    assertEquals(32, area.status("jvm_heap_max"));
  }

  @Test
  void when_membersAreShown_then_eachFigureIsInItsPlace() {
    page.figures(status("paris", List.of(member(8, "n8", true), member(9, "n9", null)), 99));

    assertEquals(2, area.status("members_count"));
    assertEquals(9, memberInt(1, "node_id"));
    assertEquals(7009, memberInt(1, "port"));
    assertEquals(1, memberInt(1, "voter"));
    assertEquals(201, memberLong(1, "match_index"));
    assertEquals(202, memberLong(1, "next_index"));
    assertEquals(203, memberLong(1, "age_ms"));
    assertEquals(204, memberLong(1, "applied_index"));
    assertEquals(205, memberLong(1, "store_size"));
    assertEquals(206, memberLong(1, "term"));
    assertEquals(207, memberLong(1, "uptime_ms"));
    assertEquals("host9", area.text(area.member(1, "host")));
    assertEquals("n9", area.text(area.member(1, "name")));
    assertEquals("n8", area.text(area.member(0, "name")));
  }

  @Test
  void when_aMemberAnsweredOrNotOrWasNotAsked_then_thePageTellsTheThreeApart() {
    page.figures(status("paris", List.of(member(1, "a", true), member(2, "b", false), member(3, "c", null)), 99));

    assertEquals(1, memberInt(0, "reachable"));
    assertEquals(0, memberInt(1, "reachable"));
    assertEquals(-1, memberInt(2, "reachable"));
  }

  @Test
  void when_thereAreMoreMembersThanPlaces_then_nothingIsWrittenBeyond() {
    final int places = (int) area.c.constant("PGRAFT_MEMBERS_MAX");
    final List<MemberStatus> many = new ArrayList<>();
    for (int node = 1; node <= places + 1; node++) {
      many.add(member(node, "n" + node, true));
    }
    page.figures(status("paris", many, 99));

    assertEquals(places, area.status("members_count"));
    assertEquals(places, memberInt(places - 1, "node_id"));
    assertEquals(0, memberInt(places, "node_id"));
  }

  @Test
  void when_aTextJustFits_then_itIsWholeAndEndsWithNul() {
    page.state(WorkerState.ERROR, "x".repeat(511));

    assertEquals("x".repeat(511), area.statusText("message"));
  }

  @Test
  void when_aTextIsTooLong_then_itIsCutBetweenTwoCharacters() {
    page.figures(status("cluster", List.of(), 99));
    for (String character : List.of("x", "é", "€", "😀")) {
      for (int shift = 0; shift < 4; shift++) {
        page.state(WorkerState.ERROR, "a".repeat(shift) + character.repeat(600));

        final String shown = area.statusText("message");
        assertEquals("", shown.substring(shift).replace(character, ""), "half of a " + character);
        final int bytes = shown.getBytes(StandardCharsets.UTF_8).length;
        assertTrue(bytes <= 511 && bytes > 507, bytes + " bytes of " + character);
        assertEquals("cluster", area.statusText("cluster_id"), "wrote beyond the message");
      }
    }
  }

  @Test
  void when_aShorterTextFollows_then_nothingOfTheLongerOneIsLeft() {
    page.state(WorkerState.ERROR, "a long message");
    page.state(WorkerState.RUNNING, "");

    assertEquals("", area.statusText("message"));
  }

  @Test
  void when_hostAndNameAreTooLong_then_theNextMemberStays() {
    final MemberStatus endless =
        new MemberStatus(1, "é".repeat(40), "h".repeat(300), 1, true, true, 0, 0, 0, 0, 0, 0, 0);
    page.figures(status("paris", List.of(endless, member(2, "n2", true)), 99));
    page.figures(status("paris", List.of(endless), 99));

    assertEquals("h".repeat(255), area.text(area.member(0, "host")));
    assertEquals("é".repeat(31), area.text(area.member(0, "name")));
    assertEquals(2, memberInt(1, "node_id"));
  }

  private int memberInt(int number, String field) {
    return area.memory.getInt(area.member(number, field));
  }

  private long memberLong(int number, String field) {
    return area.memory.getLong(area.member(number, field));
  }

  private static MemberStatus member(int node, String name, Boolean reachable) {
    return new MemberStatus(
        node, name, "host" + node, 7000 + node, true, reachable, 201, 202, 203, 204, 205, 206, 207);
  }

  private static EngineStatus status(String cluster, List<MemberStatus> members, long asOf) {
    return status(cluster, members, asOf, new EngineStatus.StoreStatus(114, 115, 116, 117, 118, 119, 120));
  }

  private static EngineStatus status(
      String cluster, List<MemberStatus> members, long asOf, EngineStatus.StoreStatus store) {
    return new EngineStatus(
        EngineStatus.Phase.RUNNING, 2, cluster, EngineStatus.Role.LEADER, 103, 104, 105, 106, 107, 108, 109, 110,
        new EngineStatus.SnapshotStatus(111, 112, 113),
        store,
        new EngineStatus.Counters(121, 122, 123, 124, 125),
        members,
        asOf);
  }
}
