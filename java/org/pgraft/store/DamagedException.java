package org.pgraft.store;

/** The environment contradicts itself. Never leaves this package: it becomes a {@link StoreFailedException}. */
final class DamagedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, in lower case and without a full stop
   */
  DamagedException(String message) {
    super(message);
  }
}
