package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.Path;

/** A file of the engine is not as it was written, or is missing. The node must not start with it. */
final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, with the path
   */
  DamagedFileException(String message) {
    super(message);
  }

  /**
   * @param file the file
   * @param what what is wrong with it, as the rest of a sentence
   */
  DamagedFileException(Path file, String what) {
    this("file \"" + file + "\" is damaged: " + what);
  }
}
