package org.pgraft.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What exceeds a limit is refused with the limit in the answer; what just reaches it is not. */
final class LimitsTest {
  private static final int KEY_MAX = 480;
  private static final int VALUE_MAX = 1_048_576;

  private static final String LONGEST_KEY = "k".repeat(KEY_MAX);
  private static final String TOO_LONG_KEY = "k".repeat(KEY_MAX + 1);
  private static final String LONGEST_VALUE = "v".repeat(VALUE_MAX);
  private static final String TOO_LONG_VALUE = "v".repeat(VALUE_MAX + 1);

  @Test
  void when_aKeyIsTooLong_then_everyRequestThatHasOneNamesTheLimit() throws Exception {
    for (ByteBuffer request : requestsWith(LONGEST_KEY, "v")) {
      Requests.decode(request);
    }
    for (ByteBuffer request : requestsWith(TOO_LONG_KEY, "v")) {
      exceeds(request, "480", "481");
    }
  }

  @Test
  void when_anEndIsTooLong_then_theLimitIsNamed() throws Exception {
    Requests.decode(Samples.op(2).text("k").text(LONGEST_KEY).u8(0).done());
    exceeds(Samples.op(2).text("k").text(TOO_LONG_KEY).u8(0).done(), "480", "481");
    exceeds(Samples.op(4).text("k").text(TOO_LONG_KEY).i64(0).i64(0).u8(0).done(), "480", "481");
    exceeds(Samples.op(4).text(TOO_LONG_KEY).text("z").i64(0).i64(0).u8(0).done(), "480", "481");
  }

  @Test
  void when_aKeyHasFewCharactersOfManyBytes_then_theBytesCount() throws Exception {
    Requests.decode(put("é".repeat(240), "v"));
    exceeds(put("é".repeat(240) + "x", "v"), "480", "481");
  }

  @Test
  void when_aValueIsTooLong_then_theLimitIsNamed() throws Exception {
    Requests.decode(put("k", LONGEST_VALUE));
    Requests.decode(txn(1, "k", LONGEST_VALUE));
    Requests.decode(Samples.op(10).i64(0).text(LONGEST_VALUE).done());
    exceeds(put("k", TOO_LONG_VALUE), "1048576", "1048577");
    exceeds(txn(1, "k", TOO_LONG_VALUE), "1048576", "1048577");
    exceeds(Samples.op(10).i64(0).text(TOO_LONG_VALUE).done(), "1048576", "1048577");
  }

  @Test
  void when_longestKeyAndValueComeTogether_then_theRequestFits() throws Exception {
    assertInstanceOf(Request.Put.class, Requests.decode(put(LONGEST_KEY, LONGEST_VALUE)));
  }

  @Test
  void when_theRequestIsTooLong_then_theLimitIsNamed() {
    exceeds(ByteBuffer.allocate(Limits.REQUEST_BYTES_MAX + 1), "1245184");
  }

  @Test
  void when_aKeyIsEmpty_then_itIsRefused() {
    for (ByteBuffer request : requestsWith("", "v")) {
      assertEquals(SqlState.BAD_ARGUMENT, refusal(request).sqlState());
    }
  }

  @Test
  void when_aRangeBeginsWithNothing_then_itIsThatOfAllKeys() throws Exception {
    final Request request = Requests.decode(Samples.op(4).text("").text("\0").i64(0).i64(0).u8(0).done());

    final KeyRange keys = ((Request.Range) request).keys();
    assertTrue(keys.unbounded());
    assertTrue(keys.contains(Samples.bytes("k")));
  }

  @Test
  void when_limitOrRevisionIsNegative_then_itIsRefused() {
    assertEquals(
        SqlState.BAD_ARGUMENT, refusal(Samples.op(4).text("k").text("").i64(-1).i64(0).u8(0).done()).sqlState());
    assertEquals(
        SqlState.BAD_ARGUMENT, refusal(Samples.op(4).text("k").text("").i64(0).i64(-1).u8(0).done()).sqlState());
  }

  @Test
  void when_plainPutsTravelTogether_then_thousandsMayAndNoMore() throws Exception {
    final Request.Txn most = (Request.Txn) Requests.decode(puts(10_000));
    assertEquals(10_000, most.success().size());
    exceeds(puts(10_001), "10000", "10001");
  }

  @Test
  void when_aTransactionIsMoreThanPuts_then_itsBranchesAreShort() throws Exception {
    Requests.decode(mixed(128, 128, 128));
    exceeds(mixed(129, 1, 1), "128", "129");
    exceeds(mixed(1, 129, 1), "128", "129");
    exceeds(mixed(1, 1, 129), "128", "129");
  }

  @Test
  void when_aTransactionReadsThePast_then_itIsRefused() {
    final ByteBuffer request =
        Samples.op(3).u16(0).u16(1).u8(2).text("k").text("").i64(0).i64(5).u8(0).u16(0).done();

    assertEquals(SqlState.BAD_ARGUMENT, refusal(request).sqlState());
  }

  @Test
  void when_aComparisonNamesARange_then_itIsRefused() {
    final ByteBuffer request = Samples.op(3).u16(1).u8(0).u8(0).text("k").text("z").i64(1).u16(0).u16(0).done();

    assertEquals(SqlState.BAD_ARGUMENT, refusal(request).sqlState());
  }

  @Test
  void when_aKeyIsChangedTwiceByOneBranch_then_itIsNamed() {
    final Failure refused =
        refusal(
            Samples.op(3).u16(0).u16(2)
                .u8(1).text("twice").text("a").i64(0).u8(0)
                .u8(1).text("twice").text("b").i64(0).u8(0)
                .u16(0).done());

    assertEquals(SqlState.BAD_ARGUMENT, refused.sqlState());
    assertTrue(refused.detail().contains("twice"), refused.detail());
  }

  private static List<ByteBuffer> requestsWith(String key, String value) {
    return List.of(
        put(key, value),
        txn(1, key, value),
        Samples.op(2).text(key).text("").u8(0).done(),
        Samples.op(4).text(key).text("").i64(0).i64(0).u8(0).done(),
        Samples.op(3).u16(1).u8(0).u8(0).text(key).text("").i64(1).u16(0).u16(0).done(),
        Samples.op(3).u16(0).u16(1).u8(3).text(key).text("").u8(0).u16(0).done(),
        Samples.op(3).u16(0).u16(1).u8(2).text(key).text("").i64(0).i64(0).u8(0).u16(0).done());
  }

  private static ByteBuffer put(String key, String value) {
    return Samples.op(1).text(key).text(value).i64(0).u8(0).done();
  }

  private static ByteBuffer txn(int puts, String key, String value) {
    final WireWriter out = Samples.op(3).u16(0).u16(puts);
    for (int i = 0; i < puts; i++) {
      out.u8(1).text(key).text(value).i64(0).u8(0);
    }
    return out.u16(0).done();
  }

  private static ByteBuffer puts(int count) {
    final WireWriter out = Samples.op(3).u16(0).u16(count);
    for (int i = 0; i < count; i++) {
      out.u8(1).text("k" + i).text("v").i64(0).u8(0);
    }
    return out.u16(0).done();
  }

  private static ByteBuffer mixed(int comparisons, int success, int failure) {
    final WireWriter out = Samples.op(3).u16(comparisons);
    for (int i = 0; i < comparisons; i++) {
      out.u8(0).u8(0).text("k").text("").i64(1);
    }
    for (int count : new int[] {success, failure}) {
      out.u16(count);
      for (int i = 0; i < count; i++) {
        out.u8(1).text("k" + i).text("v").i64(0).u8(0);
      }
    }
    return out.done();
  }

  private static void exceeds(ByteBuffer request, String... named) {
    final Failure refused = refusal(request);
    assertEquals(SqlState.LIMIT_EXCEEDED, refused.sqlState());
    for (String each : named) {
      assertTrue(refused.detail().contains(each), each + " is not in: " + refused.detail());
    }
  }

  private static Failure refusal(ByteBuffer bytes) {
    return assertThrows(PgraftException.class, () -> Requests.decode(bytes)).failure();
  }
}
