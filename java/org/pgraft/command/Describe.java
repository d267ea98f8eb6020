package org.pgraft.command;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Says in words what a request is about: its keys, never its values. Stateless. */
final class Describe {
  private static final int OPS_SHOWN = 8;

  private Describe() {}

  static String key(ByteBuffer key) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(key.duplicate()).toString();
    } catch (CharacterCodingException e) {
      final byte[] bytes = new byte[key.remaining()];
      key.duplicate().get(bytes);
      return "\\x" + HexFormat.of().formatHex(bytes);
    }
  }

  static String range(KeyRange keys) {
    if (keys.single()) {
      return key(keys.key());
    }
    return key(keys.key()) + " to " + (keys.unbounded() ? "the last key" : key(keys.end()));
  }

  static String txn(Request.Txn txn) {
    final StringBuilder text = new StringBuilder();
    text.append(txn.comparisons().size()).append(" comparisons");
    ops(text, " then ", txn.success());
    ops(text, " else ", txn.failure());
    return text.toString();
  }

  private static void ops(StringBuilder text, String before, java.util.List<TxnOp> ops) {
    if (ops.isEmpty()) {
      return;
    }
    text.append(before);
    for (int i = 0; i < Math.min(ops.size(), OPS_SHOWN); i++) {
      final TxnOp op = ops.get(i);
      text.append(i == 0 ? "" : ", ");
      if (op instanceof TxnOp.Put put) {
        text.append("put ").append(key(put.key()));
      } else if (op instanceof TxnOp.Delete delete) {
        text.append("delete ").append(range(delete.keys()));
      } else if (op instanceof TxnOp.Range read) {
        text.append("get ").append(range(read.keys()));
      }
    }
    if (ops.size() > OPS_SHOWN) {
      text.append(", and ").append(ops.size() - OPS_SHOWN).append(" more");
    }
  }
}
