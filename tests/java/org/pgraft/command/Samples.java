package org.pgraft.command;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A request of each kind, with the bytes that the C code or the engine sends for it. */
final class Samples {
  static final String SECRET = "secret";

  private static final ByteBuffer KEY = bytes("key");
  private static final ByteBuffer VALUE = bytes(SECRET);
  private static final ByteBuffer NONE = bytes("");
  private static final KeyRange ONE = new KeyRange(KEY, NONE);
  private static final KeyRange SOME = new KeyRange(KEY, bytes("kez"));
  private static final UUID DIRECTORY = new UUID(0x0123456789abcdefL, 0xfedcba9876543210L);

  private Samples() {}

  static Map<Request, ByteBuffer> requests() {
    final Map<Request, ByteBuffer> all = new LinkedHashMap<>();
    all.put(new Request.Put(KEY, VALUE, 0), op(1).text("key").text(SECRET).i64(0).u8(0).done());
    all.put(new Request.Put(KEY, VALUE, 1L << 33), op(1).text("key").text(SECRET).i64(1L << 33).u8(0).done());
    all.put(new Request.Put(KEY, NONE, 0), op(1).text("key").text("").i64(0).u8(0).done());
    all.put(new Request.Delete(ONE), op(2).text("key").text("").u8(0).done());
    all.put(new Request.Delete(SOME), op(2).text("key").text("kez").u8(0).done());
    all.put(new Request.Txn(List.of(), List.of(), List.of()), op(3).u16(0).u16(0).u16(0).done());
    all.put(transaction(), transactionBytes());
    all.put(new Request.Range(ONE, 0, 0, false, false), range("").i64(0).i64(0).u8(0).done());
    all.put(new Request.Range(SOME, 10, 77, true, false), range("kez").i64(10).i64(77).u8(1).done());
    all.put(new Request.Range(SOME, 0, 0, false, true), range("kez").i64(0).i64(0).u8(2).done());
    all.put(new Request.Compact(1L << 40), op(5).i64(1L << 40).done());
    all.put(new Request.Reset(), op(6).done());
    all.put(new LeaseRequest.Grant(1L << 34), op(7).i64(1L << 34).done());
    all.put(new LeaseRequest.Revoke(1L << 33), op(8).i64(1L << 33).done());
    all.put(new LeaseRequest.Expire(3, List.of(7L, 1L << 33)), op(25).i64(3).u16(2).i64(7).i64(1L << 33).done());
    all.put(new LeaseRequest.KeepAlive(9), op(30).i64(9).done());
    all.put(new LeaseRequest.ListAll(), op(31).done());
    all.put(new LeaseRequest.Keys(9), op(32).i64(9).done());
    all.put(new Authorized(1L << 33, new Request.Reset()), op(11).i64(1L << 33).raw(op(6).done()).done());
    all.put(
        new Authorized(Authorized.EXEMPT, new Request.Delete(ONE)),
        op(11).i64(-1).raw(op(2).text("key").text("").u8(0).done()).done());
    all.put(new GrantRequest.Grant(bytes("app"), KEY, GrantRequest.ALL), op(12).text("app").text("key").u8(3).done());
    all.put(new GrantRequest.Revoke(bytes("app"), NONE, GrantRequest.READ), op(13).text("app").text("").u8(1).done());
    all.put(new GrantRequest.Enforce(true), op(14).u8(1).done());
    all.put(new Request.LogAppend(7, VALUE), op(10).i64(7).text(SECRET).done());
    all.put(new Request.Acquire(3, 1L << 33, 900), op(20).i32(3).i64(1L << 33).i64(900).done());
    all.put(new Request.Release(3, 1L << 33), op(21).i32(3).i64(1L << 33).done());
    all.put(
        new Request.NodeStart(3, DIRECTORY, 5L << 20, 4L << 20, "host", 7001, "näme", 2),
        op(22).i32(3).i64(0x0123456789abcdefL).i64(0xfedcba9876543210L).i64(5L << 20).i64(4L << 20).text("host").i32(7001)
            .text("näme").i32(2).done());
    all.put(new Request.NodeRemoved(3, "10.0.0.3", 7003), op(23).i32(3).text("10.0.0.3").i32(7003).done());
    all.put(new Request.SetQuota(1L << 34), op(24).i64(1L << 34).done());
    all.put(new Request.Barrier(), op(40).done());
    all.put(new Request.Init(), op(41).done());
    all.put(new Request.AddNode(4, "10.0.0.4", 7004), op(42).i32(4).text("10.0.0.4").i32(7004).done());
    all.put(new Request.RemoveNode(4), op(43).i32(4).done());
    all.put(new Request.ReplaceNode(3, 4, "10.0.0.4", 7004), op(55).i32(3).i32(4).text("10.0.0.4").i32(7004).done());
    all.put(new Request.LogWait(true, 9), op(44).u8(1).i64(9).done());
    all.put(new Request.LogWait(false, 9), op(44).u8(0).i64(9).done());
    all.put(new Request.LogGet(9), op(45).i64(9).done());
    all.put(new Request.LogList(9, 5), op(46).i64(9).i32(5).done());
    all.put(new Request.Test(), op(47).done());
    all.put(new Request.SetDebug(true), op(48).u8(1).done());
    all.put(new Request.Transfer(2), op(49).i32(2).done());
    all.put(new Request.Snapshot(), op(50).done());
    all.put(new Request.Hash(8), op(51).i64(8).done());
    all.put(
        new Request.Backup(Request.BackupSource.LOG_TAIL, "/a/file"), op(52).u8(2).text("/a/file").done());
    all.put(new Request.BackupVerify("/a/file"), op(53).text("/a/file").done());
    all.put(new Request.Restore("/a/file"), op(54).text("/a/file").done());
    return all;
  }

  private static Request transaction() {
    return new Request.Txn(
        List.of(
            new Comparison(Comparison.Target.VERSION, Comparison.Relation.EQUAL, KEY, 1, null),
            new Comparison(Comparison.Target.VALUE, Comparison.Relation.NOT_EQUAL, KEY, 0, VALUE),
            new Comparison(Comparison.Target.LEASE, Comparison.Relation.LESS, KEY, 5, null)),
        List.of(
            new TxnOp.Put(KEY, VALUE, 0),
            new TxnOp.Range(SOME, 3, true, true),
            new TxnOp.Delete(new KeyRange(bytes("other"), NONE))),
        List.of(new TxnOp.Delete(SOME)));
  }

  private static ByteBuffer transactionBytes() {
    return op(3)
        .u16(3)
        .u8(0).u8(0).text("key").text("").i64(1)
        .u8(3).u8(3).text("key").text("").text(SECRET)
        .u8(4).u8(2).text("key").text("").i64(5)
        .u16(3)
        .u8(1).text("key").text(SECRET).i64(0).u8(0)
        .u8(2).text("key").text("kez").i64(3).i64(0).u8(3)
        .u8(3).text("other").text("").u8(0)
        .u16(1)
        .u8(3).text("key").text("kez").u8(0)
        .done();
  }

  /** How the last sample of an operation is shown. */
  static String describe(Op op) {
    return requests().keySet().stream()
        .filter(request -> request.op() == op)
        .reduce((first, second) -> second)
        .orElseThrow()
        .describe();
  }

  static WireWriter op(int code) {
    return new WireWriter().u8(1).u8(code);
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static WireWriter range(String end) {
    return op(4).text("key").text(end);
  }
}
