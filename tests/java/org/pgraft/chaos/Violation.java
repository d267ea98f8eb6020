package org.pgraft.chaos;

/**
 * Something that must not be.
 *
 * @param check what found it
 * @param what what it is, with the operations around it
 */
record Violation(String check, String what) {
  @Override
  public String toString() {
    return check + ": " + what;
  }
}
