package org.pgraft.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every request as it travels, whole, cut, and as nonsense. */
final class RequestsTest {
  private static final Set<String> REFUSALS =
      Set.of(SqlState.PROTOCOL_VIOLATION, SqlState.BAD_ARGUMENT, SqlState.LIMIT_EXCEEDED, SqlState.NOT_SUPPORTED);

  private final Map<Request, ByteBuffer> samples = Samples.requests();

  @Test
  void when_samplesAreListed_then_noOperationIsForgotten() {
    final Set<Op> ops = EnumSet.noneOf(Op.class);
    samples.keySet().forEach(request -> ops.add(request.op()));

    assertEquals(EnumSet.allOf(Op.class), ops);
  }

  @Test
  void when_aRequestIsRead_then_itIsWhatWasSent() throws Exception {
    for (Map.Entry<Request, ByteBuffer> sample : samples.entrySet()) {
      final ByteBuffer bytes = sample.getValue();
      final int length = bytes.remaining();

      assertEquals(sample.getKey(), Requests.decode(bytes));
      assertEquals(length, bytes.remaining(), "the caller's buffer was moved");
    }
  }

  @Test
  void when_theEngineWritesItsOwnRequests_then_theyAreTheBytesThatAreRead() {
    int written = 0;
    for (Map.Entry<Request, ByteBuffer> sample : samples.entrySet()) {
      if (sample.getKey().isInternal() || sample.getKey() instanceof Request.Compact) {
        assertEquals(sample.getValue(), sample.getKey().encode(), sample.getKey().type());
        written++;
      }
    }
    assertTrue(written >= 6, "only " + written);
  }

  @Test
  void when_aRequestLiesWithinALargerBuffer_then_onlyItsPartIsRead() throws Exception {
    for (Map.Entry<Request, ByteBuffer> sample : samples.entrySet()) {
      final ByteBuffer large = ByteBuffer.allocate(sample.getValue().remaining() + 20);
      large.position(7).put(sample.getValue().duplicate()).flip().position(7);

      assertEquals(sample.getKey(), Requests.decode(large));
    }
  }

  @Test
  void when_aRequestIsCutAnywhere_then_itIsMalformed() {
    samples.forEach(
        (request, bytes) -> {
          for (int length = 0; length < bytes.remaining(); length++) {
            final ByteBuffer cut = bytes.slice(0, length);
            final PgraftException refused =
                assertThrows(PgraftException.class, () -> Requests.decode(cut), request + " cut to " + length);
            assertEquals(SqlState.PROTOCOL_VIOLATION, refused.failure().sqlState(), request + " cut to " + length);
          }
        });
  }

  @Test
  void when_somethingFollowsARequest_then_itIsMalformed() {
    samples.forEach(
        (request, bytes) -> {
          final ByteBuffer longer = ByteBuffer.allocate(bytes.remaining() + 1).put(bytes.duplicate()).rewind();
          assertEquals(SqlState.PROTOCOL_VIOLATION, refusal(longer).sqlState(), request.type());
        });
  }

  @Test
  void when_theVersionIsAnother_then_itIsMalformed() {
    samples.forEach(
        (request, bytes) -> {
          final ByteBuffer other = ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).put(0, (byte) 2);
          assertEquals(SqlState.PROTOCOL_VIOLATION, refusal(other.rewind()).sqlState(), request.type());
        });
  }

  @Test
  void when_theOperationIsNotKnown_then_theSenderIsToldThatItMayBeNewer() {
    final Set<Integer> known = new HashSet<>();
    for (Op op : Op.values()) {
      assertTrue(known.add(op.code()), "two operations have the code " + op.code());
    }
    for (int code = 0; code < 256; code++) {
      if (!known.contains(code)) {
        final Failure refused = refusal(new WireWriter().u8(1).u8(code).done());
        assertEquals(SqlState.NOT_SUPPORTED, refused.sqlState(), "code " + code);
        assertFalse(refused.hint().isEmpty());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Op.class)
  void when_theBodyIsNoise_then_itIsReadOrRefusedAndNothingElse(Op op) {
    final Random random = new Random(op.code());
    for (int i = 0; i < 1000; i++) {
      final byte[] noise = new byte[2 + random.nextInt(60)];
      random.nextBytes(noise);
      noise[0] = 1;
      noise[1] = (byte) op.code();
      // Lengths that can be true, so that not only the first one is looked at.
      for (int at = 2; at + 3 < noise.length; at += 1 + random.nextInt(8)) {
        if (random.nextBoolean()) {
          Arrays.fill(noise, at, at + 3, (byte) 0);
          noise[at + 3] = (byte) random.nextInt(6);
        }
      }
      readOrRefuse(noise);
    }
  }

  @Test
  void when_bytesOfARequestAreFlipped_then_itIsReadOrRefusedAndNothingElse() {
    final Random random = new Random(3);
    final List<ByteBuffer> bases = new ArrayList<>(samples.values());
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      final ByteBuffer base = bases.get(random.nextInt(bases.size()));
      final byte[] bytes = new byte[base.remaining()];
      base.duplicate().get(bytes);
      for (int flips = random.nextInt(3); flips >= 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      refused += readOrRefuse(bytes) ? 0 : 1;
    }
    assertTrue(refused > 1000 && refused < 10_000, refused + " refused");
  }

  @Test
  void when_aRequestIsDescribed_then_itsValuesStaySecret() {
    samples.forEach(
        (request, bytes) -> {
          if (!(request instanceof Request.LogAppend)) {
            assertFalse(request.describe().contains(Samples.SECRET), request.describe());
          }
        });
    assertTrue(Samples.describe(Op.PUT).contains("key"));
    assertTrue(Samples.describe(Op.DELETE).contains("key to "));
    assertTrue(Samples.describe(Op.TXN).contains("put key"), Samples.describe(Op.TXN));
  }

  /** Whether the bytes could be read. */
  private static boolean readOrRefuse(byte[] bytes) {
    try {
      final Request request = Requests.decode(ByteBuffer.wrap(bytes));
      // What could be read can also be shown.
      assertFalse(request.type().isEmpty());
      request.describe();
      return true;
    } catch (PgraftException e) {
      assertTrue(REFUSALS.contains(e.failure().sqlState()), e.failure().toString());
      return false;
    }
  }

  private static Failure refusal(ByteBuffer bytes) {
    return assertThrows(PgraftException.class, () -> Requests.decode(bytes)).failure();
  }
}
