package org.pgraft.chaos;

import java.util.List;

/** A fault that is in force. */
interface Injection {
  /** Takes it back; the cluster may need time to recover. Called once. */
  void heal() throws Exception;

  /**
   * What shows that it happened. Called when the cluster works again.
   *
   * @throws DidNotBite if nothing shows it
   */
  String bite() throws Exception;

  /** What must not be and only the fault itself could see. Called when it has bitten. */
  default List<Violation> violations() {
    return List.of();
  }

  /** What was chosen by chance, for the reader of a round that goes wrong before {@link #bite} is asked. */
  default String choice() {
    return "the evidence was not asked for";
  }

  /** The fault did not happen, so that the round has tested nothing. */
  final class DidNotBite extends Exception {
    private static final long serialVersionUID = 1L;

    DidNotBite(String why) {
      super("the fault did not happen: " + why);
    }
  }

  /** Demands a fact that shows that a fault happened. */
  static void demand(boolean fact, String what) throws DidNotBite {
    if (!fact) {
      throw new DidNotBite(what);
    }
  }
}
