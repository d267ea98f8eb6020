package org.pgraft.consensus;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;

/**
 * Judges the names of files on the server that sessions ask for. They come from those who may read and write the server's
 * files anyway; what is refused are mistakes. Immutable; looks at the file system.
 */
final class ServerPath {
  /** PostgreSQL's own limit, MAXPGPATH. */
  private static final int BYTES_MAX = 1023;

  private final List<Path> closed;

  /**
   * @param closed directories into which nothing is written
   */
  ServerPath(List<Path> closed) {
    this.closed = List.copyOf(closed);
  }

  /**
   * The file of a name. What is there must be a file: to open a pipe could take for ever.
   *
   * @throws PgraftException when it is no absolute path, or of something else than a file
   */
  Path toRead(String name) throws PgraftException {
    final Path path = absolute(name);
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw refused("\"" + path + "\" is not a regular file", "");
    }
    return path;
  }

  private static Path absolute(String name) throws PgraftException {
    final int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0 || bytes > BYTES_MAX) {
      throw refused("path must have 1 to " + BYTES_MAX + " bytes", "It has " + bytes + ".");
    }
    final Path path;
    try {
      path = Path.of(name);
    } catch (InvalidPathException e) {
      throw refused("path cannot be the name of a file", e.getReason() + ".");
    }
    if (!path.isAbsolute() || path.getFileName() == null) {
      throw refused("path must be absolute and name a file on the server", "");
    }
    return path.normalize();
  }

  /**
   * The file of a name under which a new file may be written.
   *
   * @throws PgraftException when it is no absolute path, or in a directory that is not there or not for this
   * @throws IOException when that cannot be told
   */
  Path toWrite(String name) throws PgraftException, IOException {
    final Path path = absolute(name);
    final Path directory = path.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new PgraftException(
          new Failure(SqlState.NO_SUCH_FILE, "directory \"" + directory + "\" does not exist", "", ""));
    }
    final Path real = directory.toRealPath();
    for (Path own : closed) {
      if (Files.exists(own) && real.startsWith(own.toRealPath())) {
        throw refused(
            "a backup must not be written into \"" + own + "\"",
            "It would be lost together with what it is a backup of.");
      }
    }
    return real.resolve(path.getFileName());
  }

  private static PgraftException refused(String message, String detail) {
    return new PgraftException(
        new Failure(SqlState.BAD_ARGUMENT, message, detail, "Give an absolute path outside PGDATA and pgraft.data_dir."));
  }
}
