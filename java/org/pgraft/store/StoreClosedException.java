package org.pgraft.store;

/** The store was closed, because its engine stops or a snapshot takes its place. Nothing was done. */
public final class StoreClosedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  StoreClosedException() {
    super("the store is closed");
  }
}
