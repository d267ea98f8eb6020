package org.pgraft.consensus;

/**
 * Who is told what happened: in the server, those who read {@code pgraft.events} or wait for the next one.
 *
 * <p>Called on any thread, also with locks held; implementations return at once and throw nothing.
 */
@FunctionalInterface
public interface Journal {
  /**
   * Something has just happened.
   *
   * @param kind what
   * @param detail the rest, in words; what is longer than 487 octets of UTF-8 is cut
   */
  void tell(EventKind kind, String detail);
}
