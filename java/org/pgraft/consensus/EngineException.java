package org.pgraft.consensus;

/** Why the engine cannot start or go on, in words for the operator. */
public final class EngineException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String hint;

  /**
   * @param message what is wrong, in PostgreSQL's style
   * @param hint the way out, whole sentences
   */
  public EngineException(String message, String hint) {
    this(message, hint, null);
  }

  /**
   * @param message what is wrong, in PostgreSQL's style
   * @param hint the way out, whole sentences
   * @param cause what was caught, or null
   */
  public EngineException(String message, String hint, Throwable cause) {
    super(message, cause);
    this.hint = hint;
  }

  /** The way out, whole sentences. */
  public String hint() {
    return hint;
  }
}
