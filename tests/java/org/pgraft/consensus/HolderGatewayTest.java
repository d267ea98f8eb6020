package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/** What the sender of a change is told after several attempts. */
class HolderGatewayTest {
  private final HolderGateway.Policy change = HolderGateway.Policy.change(true);

  @Test
  void when_anEarlierAttemptMayHaveBeenCarriedOut_then_thatTheLastChangedNothingIsNotTheAnswer() throws Exception {
    final ByteBuffer answer = change.afterUncertain(Responses.error(Failures.busy(5)));

    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(answer).sqlState());
  }

  @Test
  void when_theLastAttemptKnowsHowItIs_then_thatIsTheAnswer() {
    final ByteBuffer done = Responses.ok(ByteBuffer.wrap(new byte[] {1}));
    final ByteBuffer refused = Responses.error(Failures.wrongState("node 3 is not a member", ""));

    assertSame(done, change.afterUncertain(done));
    assertSame(refused, change.afterUncertain(refused));
  }

  @Test
  void when_theReasonOfARefusalCannotBeRead_then_theAnswerIsMalformed() {
    final byte[] bytes = PeerMessage.Answer.refused("why").encode();
    bytes[bytes.length - 1 - "why".length()] = 100;

    assertThrows(PeerMessage.MalformedException.class, () -> PeerMessage.Answer.decode(bytes));
  }
}
