package org.pgraft.cluster;

import java.nio.file.Path;

/**
 * What servers are made of.
 *
 * @param binaries the directory of PostgreSQL's programs, with pgraft installed; containers have their own
 * @param disk the directory with the sources of the disk that loses its power
 */
public record Build(String binaries, Path disk) {
  /** What was built from the sources as they are; the system property {@code pgraft.test.bindir} says where it is. */
  public static Build plain() {
    return new Build(System.getProperty("pgraft.test.bindir", ""), Path.of("tests/powercut"));
  }
}
