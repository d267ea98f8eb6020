package org.pgraft.tls;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * Why a file cannot be read, in the words that PostgreSQL has for it: Java's exceptions say the file's name in their place.
 * Stateless.
 */
final class FileFault {
  private FileFault() {}

  static String of(IOException cause) {
    if (cause instanceof NoSuchFileException) {
      return "No such file or directory";
    }
    if (cause instanceof AccessDeniedException) {
      return "Permission denied";
    }
    if (cause instanceof FileSystemException fault && fault.getReason() != null) {
      return fault.getReason();
    }
    return String.valueOf(cause.getMessage());
  }
}
