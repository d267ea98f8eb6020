package org.pgraft.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/**
 * What members say to each other over {@link PeerService}. A request is: version (1 byte), kind (1 byte), id of the
 * cluster (16 bytes), id of the sender (4 bytes), body. An answer is: version (1 byte), verdict (1 byte), body. All
 * numbers are big-endian; a text is a 4-byte length and UTF-8.
 *
 * @param kind what is asked
 * @param cluster the sender's cluster
 * @param from the sender's node id
 * @param body the rest, positioned at its first byte
 */
record PeerMessage(Kind kind, UUID cluster, int from, ByteBuffer body) {
  static final byte VERSION = 1;
  private static final int HEADER_BYTES = 1 + 1 + 16 + 4;

  /** What is asked. */
  enum Kind {
    /** Who are you, and what do you know of me? */
    HELLO(1),
    /** Become a member of my cluster. */
    JOIN(2),
    /** What is your term? The ground of the lease. */
    LEASE(3),
    /** Append this batch, as the lease holder. */
    FORWARD(4),
    /** Answer this read or administrative request, as the lease holder. */
    EXECUTE(5),
    /** Who are the members? */
    MEMBERS(6);

    private final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }

    private static Optional<Kind> of(byte code) {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return Optional.of(kind);
        }
      }
      return Optional.empty();
    }
  }

  /** How the answer is meant. */
  enum Verdict {
    /** The body is the answer. */
    ANSWERED(0),
    /** Refused before anything was done: the receiver does not hold the lease. The sender may try elsewhere. */
    NOT_HOLDER(1),
    /** It may have been done or may still be; only a repetition of the same batch can tell. */
    UNKNOWN(2),
    /** Refused for good; the body is a text that says why. */
    REFUSED(3);

    private final byte code;

    Verdict(int code) {
      this.code = (byte) code;
    }

    private static Verdict of(byte code) {
      for (Verdict verdict : values()) {
        if (verdict.code == code) {
          return verdict;
        }
      }
      return UNKNOWN;
    }
  }

  /**
   * An answer.
   *
   * @param verdict how it is meant
   * @param body the rest, positioned at its first byte
   */
  record Answer(Verdict verdict, ByteBuffer body) {
    byte[] encode() {
      final ByteBuffer out = ByteBuffer.allocate(2 + body.remaining());
      out.put(VERSION).put(verdict.code).put(body.duplicate());
      return out.array();
    }

    static Answer of(Verdict verdict) {
      return new Answer(verdict, ByteBuffer.allocate(0));
    }

    static Answer refused(String reason) {
      final byte[] text = reason.getBytes(StandardCharsets.UTF_8);
      return new Answer(Verdict.REFUSED, ByteBuffer.allocate(4 + text.length).putInt(text.length).put(text).flip());
    }

    /** The reason of a refusal. */
    String reason() {
      return text(body.duplicate());
    }

    /**
     * @throws MalformedException when the bytes are no answer of this version
     */
    static Answer decode(byte[] bytes) throws MalformedException {
      if (bytes.length < 2 || bytes[0] != VERSION) {
        throw new MalformedException("a member's answer is of an unknown form");
      }
      final Answer answer = new Answer(Verdict.of(bytes[1]), ByteBuffer.wrap(bytes, 2, bytes.length - 2).slice());
      if (answer.verdict() == Verdict.REFUSED) {
        requireText(answer.body());
      }
      return answer;
    }

    private static void requireText(ByteBuffer body) throws MalformedException {
      try {
        text(body.duplicate());
      } catch (BufferUnderflowException e) {
        throw new MalformedException("the reason of a member's refusal cannot be read");
      }
    }
  }

  /** The bytes are not what they should be; nothing was done with them. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  byte[] encode() {
    final ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + body.remaining());
    out.put(VERSION).put(kind.code);
    out.putLong(cluster.getMostSignificantBits()).putLong(cluster.getLeastSignificantBits());
    out.putInt(from).put(body.duplicate());
    return out.array();
  }

  /**
   * @throws MalformedException when the bytes are no request of this version
   */
  static PeerMessage decode(byte[] bytes) throws MalformedException {
    if (bytes.length < HEADER_BYTES || bytes[0] != VERSION) {
      throw new MalformedException("a message of an unknown form came to the members' port");
    }
    final ByteBuffer in = ByteBuffer.wrap(bytes);
    in.get();
    final byte code = in.get();
    final Kind kind =
        Kind.of(code)
            .orElseThrow(
                () -> new MalformedException("a message of unknown kind " + code + " came to the members' port"));
    return new PeerMessage(kind, new UUID(in.getLong(), in.getLong()), in.getInt(), in.slice());
  }

  /** Reads a text. A malformed one raises {@link BufferUnderflowException}, which the handlers treat as malformed. */
  static String text(ByteBuffer in) {
    final int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    final byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Writes a text. */
  static void putText(ByteBuffer out, byte[] utf8) {
    out.putInt(utf8.length).put(utf8);
  }
}
