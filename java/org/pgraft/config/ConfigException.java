package org.pgraft.config;

/** A setting that cannot be used, or settings that contradict each other, in words for the operator. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String hint;

  /**
   * @param message what is wrong, in PostgreSQL's style
   * @param hint the way out, whole sentences
   */
  public ConfigException(String message, String hint) {
    super(message);
    this.hint = hint;
  }

  /** The way out, whole sentences. */
  public String hint() {
    return hint;
  }
}
