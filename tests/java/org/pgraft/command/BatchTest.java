package org.pgraft.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Log entries, their results and single responses, as they travel between the members. */
final class BatchTest {
  private static final Batch BATCH =
      new Batch(3, 0x123456789L, 42, 1_700_000_000_000L, List.of(Samples.bytes("one"), Samples.bytes("")));
  private static final BatchResult RESULT =
      new BatchResult(1L << 40, 7, List.of(Responses.number(5), Responses.number(-1)));
  private static final Failure FAILURE = new Failure(SqlState.STORE_FULL, "mëssage", "detail", "");

  /** Something that reads bytes. */
  private interface Reader {
    void read(ByteBuffer bytes) throws PgraftException;
  }

  @Test
  void when_aBatchIsRead_then_itIsWhatWasWritten() throws Exception {
    assertEquals(BATCH, Batch.decode(BATCH.encode()));
    final Batch empty = new Batch(1, 1, 1, 0, List.of());
    assertEquals(empty, Batch.decode(empty.encode()));
  }

  @Test
  void when_aResultIsRead_then_itIsWhatWasWritten() throws Exception {
    assertEquals(RESULT, BatchResult.decode(RESULT.encode()));
  }

  @Test
  void when_bytesAreCutOrGoOn_then_theyAreMalformed() {
    cutEverywhere(BATCH.encode(), Batch::decode);
    cutEverywhere(RESULT.encode(), BatchResult::decode);
    malformed(longer(BATCH.encode()), Batch::decode);
    malformed(longer(RESULT.encode()), BatchResult::decode);
    cutEverywhere(Responses.error(FAILURE), Responses::failure);
  }

  @Test
  void when_versionOrKindIsAnother_then_itIsMalformed() {
    malformed(BATCH.encode().put(0, (byte) 2), Batch::decode);
    malformed(BATCH.encode().put(1, (byte) 2), Batch::decode);
    malformed(RESULT.encode().put(0, (byte) 2), BatchResult::decode);
  }

  @Test
  void when_bytesAreNoise_then_theyAreReadOrMalformedAndNothingElse() {
    final Random random = new Random(5);
    for (int i = 0; i < 5000; i++) {
      final byte[] noise = new byte[random.nextInt(80)];
      random.nextBytes(noise);
      if (noise.length > 1 && random.nextBoolean()) {
        noise[0] = 1;
        noise[1] = 1;
      }
      for (Reader reader : List.<Reader>of(Batch::decode, BatchResult::decode, Responses::failure)) {
        try {
          reader.read(ByteBuffer.wrap(noise));
        } catch (PgraftException e) {
          assertEquals(SqlState.PROTOCOL_VIOLATION, e.failure().sqlState());
        }
      }
    }
  }

  @Test
  void when_aResponseIsAnError_then_allOfItArrives() throws Exception {
    final ByteBuffer response = Responses.error(FAILURE);

    assertFalse(Responses.isOk(response));
    assertEquals(FAILURE, Responses.failure(response));
    assertEquals(FAILURE, Responses.failure(response), "reading moved it");
  }

  @Test
  void when_aResponseIsAResult_then_itsBodyArrivesAndItIsNoError() throws Exception {
    final ByteBuffer response = Responses.ok(Samples.bytes("body"));

    assertTrue(Responses.isOk(response));
    assertEquals(Samples.bytes("body"), Responses.body(response));
    assertEquals(9, Responses.body(Responses.number(9)).getLong());
    malformed(response, Responses::failure);
    assertFalse(Responses.isOk(ByteBuffer.allocate(1)), "nothing was said");
  }

  @Test
  void when_keysAreCompared_then_octetsAreUnsignedAndAPrefixComesFirst() {
    final ByteBuffer[] ordered = {
      Samples.bytes(""), Samples.bytes("a"), Samples.bytes("aa"), Samples.bytes("b"), Samples.bytes("\u0080")
    };
    for (int i = 0; i < ordered.length; i++) {
      for (int j = 0; j < ordered.length; j++) {
        assertEquals(
            Integer.signum(Integer.compare(i, j)), Integer.signum(Bytes.compare(ordered[i], ordered[j])), i + " " + j);
      }
    }
  }

  @Test
  void when_numbersAreWrittenLater_then_onlyTheirBytesChange() {
    final WireWriter out = new WireWriter().u8(9).i64(0).u8(0).i32(0).u8(9);
    out.i64At(1, 0x0102030405060708L);
    out.u8At(9, 10);
    out.i32At(10, 0x0b0c0d0e);
    final byte[] bytes = new byte[out.length()];
    out.done().get(bytes);

    assertArrayEquals(new byte[] {9, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 9}, bytes);
  }

  private static void cutEverywhere(ByteBuffer bytes, Reader reader) {
    for (int length = 0; length < bytes.remaining(); length++) {
      malformed(bytes.slice(0, length), reader);
    }
  }

  private static ByteBuffer longer(ByteBuffer bytes) {
    return ByteBuffer.allocate(bytes.remaining() + 1).put(bytes).rewind();
  }

  private static void malformed(ByteBuffer bytes, Reader reader) {
    final PgraftException refused =
        assertThrows(PgraftException.class, () -> reader.read(bytes), bytes.remaining() + " bytes");
    assertEquals(SqlState.PROTOCOL_VIOLATION, refused.failure().sqlState());
  }
}
