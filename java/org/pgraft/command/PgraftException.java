package org.pgraft.command;

/** A request that is refused, with the error that its sender shall see. */
public final class PgraftException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Failure failure;

  /**
   * @param failure the error
   */
  public PgraftException(Failure failure) {
    super(failure.message());
    this.failure = failure;
  }

  /** The error. */
  public Failure failure() {
    return failure;
  }

  static PgraftException malformed(String what) {
    return new PgraftException(
        new Failure(
            SqlState.PROTOCOL_VIOLATION,
            "malformed " + what,
            "",
            "The sender and this node may run different versions of pgraft."));
  }
}
