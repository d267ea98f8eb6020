package org.pgraft.consensus;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/** Segments of a log as Ratis writes them. */
final class Segments {
  private static final int PAYLOAD_BYTES = 1_600;

  private Segments() {}

  /** The bytes of a segment with these entries, of term 1, each larger than three sectors of a disk. */
  static byte[] of(long first, long last) throws IOException {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write("RaftLog1".getBytes(StandardCharsets.UTF_8));
    for (long index = first; index <= last; index++) {
      final ByteArrayOutputStream entry = new ByteArrayOutputStream();
      LogEntryProto.newBuilder()
          .setTerm(1)
          .setIndex(index)
          .setStateMachineLogEntry(
              StateMachineLogEntryProto.newBuilder().setLogData(ByteString.copyFrom("x".repeat(PAYLOAD_BYTES).getBytes(StandardCharsets.UTF_8))))
          .build()
          .writeDelimitedTo(entry);
      final CRC32C checksum = new CRC32C();
      checksum.update(entry.toByteArray());
      entry.writeTo(bytes);
      new DataOutputStream(bytes).writeInt((int) checksum.getValue());
    }
    return bytes.toByteArray();
  }
}
