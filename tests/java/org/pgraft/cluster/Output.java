package org.pgraft.cluster;

/**
 * What a command on a host gave.
 *
 * @param status its exit status
 * @param text its standard output and standard error, in any order
 */
public record Output(int status, String text) {
  /**
   * The same, once the status is known to be 0.
   *
   * @throws IllegalStateException if it is not
   */
  public Output orFail(String command) {
    if (status != 0) {
      throw new IllegalStateException(command + " ended with status " + status + ":\n" + text);
    }
    return this;
  }
}
