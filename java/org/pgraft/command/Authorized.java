package org.pgraft.command;

import java.nio.ByteBuffer;

/**
 * A request of which the session says why it may make it: because of the grants of keys as they were at this version of them,
 * or because it is {@link #EXEMPT}. Whoever carries it out refuses it when the grants are others by then. Body: version (8),
 * request. Answer: that of the request. Immutable.
 */
public record Authorized(long version, Request request) implements Request {
  /** Of a superuser. */
  public static final long EXEMPT = -1;

  /** What comes before the request: version of the wire form, operation, version of the grants. */
  static final int HEADER_BYTES = 1 + 1 + 8;

  @Override
  public Op op() {
    return Op.AUTHORIZED;
  }

  @Override
  public String type() {
    return request.type();
  }

  @Override
  public String describe() {
    return request.describe();
  }

  @Override
  public boolean isLogged() {
    return request.isLogged();
  }

  /** Whether a request reads or changes keys, so that it needs authority while grants are enforced. */
  public static boolean needed(Request request) {
    return request instanceof Put
        || request instanceof Txn
        || request instanceof Delete
        || request instanceof Reset
        || request instanceof Range;
  }

  static Authorized readBody(WireReader in) throws PgraftException {
    final long version = in.i64();
    final ByteBuffer bytes = in.rest();
    // A request within one within one, and so on, would be taken apart until the stack is used up.
    if (bytes.remaining() > 1 && bytes.get(1) == Op.AUTHORIZED.code()) {
      throw PgraftException.malformed("request");
    }
    final Request request = Requests.decode(bytes);
    if (!needed(request)) {
      throw new PgraftException(
          new Failure(SqlState.BAD_ARGUMENT, "request " + request.type() + " needs no grants of keys", "", ""));
    }
    return new Authorized(version, request);
  }
}
