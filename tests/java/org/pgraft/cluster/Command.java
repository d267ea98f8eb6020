package org.pgraft.cluster;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Commands on this machine. */
final class Command {
  private static final long SECONDS = 120;

  private Command() {}

  /**
   * Runs a command to its end, in the root directory and without input.
   *
   * @throws IllegalStateException if it cannot be run, or does not end in time
   */
  static Output run(List<String> command) {
    return run(command, SECONDS);
  }

  /** The same, with as many seconds as it may take. */
  static Output run(List<String> command, long seconds) {
    try {
      File file = File.createTempFile("pgraft-output", ".txt");
      try {
        Process process = new ProcessBuilder(command)
            .directory(new File("/"))
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .redirectOutput(file)
            .start();
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new IllegalStateException("no end after " + seconds + " s: " + command);
        }
        return new Output(process.exitValue(), Files.readString(file.toPath()));
      } finally {
        Files.deleteIfExists(file.toPath());
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + command, e);
    }
  }
}
