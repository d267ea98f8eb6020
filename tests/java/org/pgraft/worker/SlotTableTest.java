package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/** A session's request in its slot, the answer to it, and everything that may come between. */
final class SlotTableTest {
  private static final int IN_SLOT = 8128;

  private final SharedArea area = new SharedArea();
  private final FakeServer server = new FakeServer();
  private final SlotTable table = new SlotTable(area.shared(), area.layout(), server);
  private final Session session = new Session(area);
  private final List<byte[]> handled = new ArrayList<>();
  private final List<Long> deadlines = new ArrayList<>();
  private final List<CompletableFuture<ByteBuffer>> answers = new ArrayList<>();

  @Test
  void when_aRequestIsReady_then_itIsTakenOnceAndAsItIs() {
    session.submit(3, octets(100));

    takeReady();
    takeReady();

    assertEquals(1, handled.size());
    assertArrayEquals(octets(100), handled.get(0));
    assertEquals(List.of(Session.DEADLINE), deadlines);
    assertEquals("TAKEN", session.state(3));
    assertEquals(List.of(), server.woken, "woken without an answer");
  }

  @Test
  void when_theBitIsSetAgainWhileTheRequestIsTaken_then_itIsNotTakenTwice() {
    session.submit(3, octets(10));
    takeReady();
    session.raise(3);
    takeReady();

    assertEquals(1, handled.size());
  }

  @Test
  void when_theAnswerComes_then_itIsInTheSlotBeforeTheSessionIsWoken() {
    session.submit(3, octets(100));
    takeReady();
    final List<String> seen = new ArrayList<>();
    server.onWake = () -> seen.add(session.state(3) + " " + session.responseLength(3));

    answers.get(0).complete(ByteBuffer.wrap(octets(200)));

    assertEquals(List.of("DONE 200"), seen);
    assertEquals(List.of(Session.PROCNO + 3), server.woken);
    assertFalse(session.responseIsLarge(3));
    assertArrayEquals(octets(200), session.response(3));
    assertTrue(session.wordIsKept(3), "epoch and generation changed");
  }

  @Test
  void when_theAnswerIsAPartOfABuffer_then_thatPartIsGiven() {
    session.submit(0, octets(1));
    takeReady();
    answers.get(0).complete(ByteBuffer.wrap(octets(100), 10, 20));

    assertArrayEquals(new Session.Part(octets(100), 10, 20).bytes(), session.response(0));
  }

  @Test
  void when_manyAreReady_then_eachGetsItsOwnAnswer() {
    final int[] slots = {0, 1, 63, 64, SharedArea.SLOTS - 1};
    for (int slot : slots) {
      session.submit(slot, new byte[] {(byte) slot});
    }
    takeReady();
    for (int i = slots.length - 1; i >= 0; i--) {
      answers.get(i).complete(ByteBuffer.wrap(handled.get(i)));
    }

    for (int slot : slots) {
      assertArrayEquals(new byte[] {(byte) slot}, session.response(slot), "slot " + slot);
      assertEquals("DONE", session.state(slot));
    }
    assertEquals(slots.length, server.woken.size());
  }

  @Test
  void when_theSessionGaveUp_then_theSlotBecomesFreeAndNobodyIsWoken() {
    session.submit(3, octets(10));
    takeReady();
    session.become(3, "ABANDONED");
    answers.get(0).complete(ByteBuffer.wrap(octets(10)));

    assertEquals("FREE", session.state(3));
    assertTrue(session.wordIsKept(3), "the next owner could not tell its generation");
    assertEquals(List.of(), server.woken);
  }

  @ParameterizedTest
  @ValueSource(strings = {"FREE", "CLAIMED", "DONE", "ABANDONED"})
  void when_theBitIsLeftOfARequestThatWasWithdrawn_then_theSlotIsLeftAlone(String state) {
    session.submit(3, octets(10));
    session.become(3, state);
    session.submit(4, octets(11));
    takeReady();

    assertEquals(state, session.state(3));
    assertEquals(1, handled.size(), "only the other one's");
    assertEquals(11, handled.get(0).length);
  }

  @Test
  void when_theSlotHasAnotherOwnerByTheTimeOfTheAnswer_then_itsStateStays() {
    session.submit(3, octets(10));
    takeReady();
    session.nextGeneration(3, "TAKEN");
    answers.get(0).complete(ByteBuffer.wrap(octets(10)));

    assertEquals("TAKEN", session.state(3));
    assertEquals(List.of(), server.woken);
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "8128"})
  void when_aRequestJustFits_then_theSlotCarriesIt(int length) {
    session.submit(3, octets(length));
    takeReady();
    answers.get(0).complete(ByteBuffer.wrap(octets(length)));

    assertArrayEquals(octets(length), handled.get(0));
    assertFalse(session.responseIsLarge(3));
    assertArrayEquals(octets(length), session.response(3));
  }

  @ParameterizedTest
  @ValueSource(ints = {IN_SLOT + 1, 1310720})
  void when_theSlotIsTooSmall_then_theLargeBufferCarriesRequestAndAnswer(int length) {
    session.submitLarge(3, 1, octets(length));
    takeReady();
    assertArrayEquals(octets(length), handled.get(0));

    answers.get(0).complete(ByteBuffer.wrap(octets(length, 2)));
    assertTrue(session.responseIsLarge(3));
    assertArrayEquals(octets(length, 2), session.response(3));
    assertEquals("DONE", session.state(3));
  }

  @Test
  void when_aLargeRequestHasAShortAnswer_then_theSlotCarriesIt() {
    session.submitLarge(3, 1, octets(IN_SLOT + 1));
    takeReady();
    answers.get(0).complete(ByteBuffer.wrap(octets(5)));

    assertFalse(session.responseIsLarge(3));
    assertArrayEquals(octets(5), session.response(3));
  }

  @Test
  void when_aLongAnswerHasNoLargeBuffer_then_theSessionIsToldTheLimit() throws Exception {
    session.submit(3, octets(10));
    takeReady();
    answers.get(0).complete(ByteBuffer.wrap(octets(IN_SLOT + 1)));

    assertRefused(3, "a result");
  }

  @Test
  void when_anAnswerIsLongerThanTheLargeBuffer_then_theSessionIsToldTheLimit() throws Exception {
    session.submitLarge(3, 1, octets(10));
    takeReady();
    answers.get(0).complete(ByteBuffer.wrap(octets(area.largeBytes() + 1)));

    assertRefused(3, "a result");
  }

  @ParameterizedTest
  @CsvSource({
    "-1, -1, 0", "8129, -1, 0", "2147483647, -1, 0", "-2147483648, 1, 1", "1310721, 1, 1", "10, -1, 1", "10, 2, 1",
    "10, 2147483647, 1"
  })
  void when_lengthOrBufferCannotBeTrue_then_theSessionIsToldAndNothingIsHandled(int length, int large, int inLarge)
      throws Exception {
    session.submitAbsurd(3, length, large, inLarge);
    session.submit(4, octets(10));
    takeReady();

    assertRefused(3, "a request");
    assertEquals(1, handled.size(), "the others' requests go on");
  }

  private void assertRefused(int slot, String what) throws Exception {
    assertEquals("DONE", session.state(slot));
    assertTrue(server.woken.contains(Session.PROCNO + slot));
    assertEquals(SqlState.LIMIT_EXCEEDED, Responses.failure(ByteBuffer.wrap(session.response(slot))).sqlState());
    final String message = Responses.failure(ByteBuffer.wrap(session.response(slot))).message();
    assertTrue(message.startsWith(what) && message.contains("1310720"), message);
  }

  private void takeReady() {
    table.takeReady(
        (request, deadline) -> {
          final byte[] copy = new byte[request.remaining()];
          request.get(copy);
          handled.add(copy);
          deadlines.add(deadline);
          answers.add(new CompletableFuture<>());
          return answers.get(answers.size() - 1);
        });
  }

  private static byte[] octets(int length) {
    return octets(length, 1);
  }

  private static byte[] octets(int length, int seed) {
    final byte[] octets = new byte[length];
    new Random(seed).nextBytes(octets);
    return octets;
  }
}
