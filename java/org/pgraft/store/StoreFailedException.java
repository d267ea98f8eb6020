package org.pgraft.store;

import java.io.IOException;

/**
 * The store cannot be read or written: the disk is full or broken, or the files are damaged. There is no result; the node
 * must stop taking part, because the others will not have failed.
 */
public final class StoreFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what was tried, and where
   */
  public StoreFailedException(String message) {
    super(message);
  }

  /**
   * @param message what was tried, and where
   * @param cause what LMDB or the system said
   */
  public StoreFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
