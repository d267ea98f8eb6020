package org.pgraft.command;

/**
 * An error as PostgreSQL shows it.
 *
 * @param sqlState five characters, see {@link SqlState}
 * @param message one line that begins in lower case and has no full stop
 * @param detail whole sentences, or empty
 * @param hint the way out in whole sentences, or empty
 */
public record Failure(String sqlState, String message, String detail, String hint) {
  /**
   * @throws IllegalArgumentException when {@code sqlState} has not five characters
   */
  public Failure {
    if (sqlState.length() != 5) {
      throw new IllegalArgumentException("not an SQLSTATE: " + sqlState);
    }
  }
}
