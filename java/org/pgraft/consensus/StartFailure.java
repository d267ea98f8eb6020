package org.pgraft.consensus;

import java.net.BindException;
import java.nio.file.Path;
import java.util.Optional;
import org.pgraft.config.Settings;
import org.pgraft.store.StoreFailedException;

/** Says why an engine could not start. Stateless. */
final class StartFailure {
  /** The hint when files may be damaged or lost. */
  static final String DAMAGED =
      "Look for errors of the disk. If files are damaged, remove this node from the cluster on another member, and add it"
          + " again with an empty directory.";

  private StartFailure() {}

  /** The failure in words: the known one beneath {@code e} if there is one. */
  static EngineException of(Exception e, Settings settings, Path root) {
    final Optional<EngineException> disk = DiskError.of(e, root);
    if (disk.isPresent()) {
      return disk.get();
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof EngineException known) {
        return known;
      }
      if (cause instanceof StoreFailedException || cause instanceof DamagedFileException) {
        return new EngineException(cause.getMessage(), DAMAGED, e);
      }
      if (String.valueOf(cause.getMessage()).contains("Cannot assign requested address")) {
        return new EngineException(
            settings.listenHost() + " is no address of this machine",
            "Correct pgraft.listen_address, which may come from another server's configuration.",
            e);
      }
      if (cause instanceof BindException || String.valueOf(cause.getMessage()).contains("Failed to bind")) {
        return new EngineException(
            "could not listen on " + HostPort.format(settings.listenHost(), settings.port()) + ": " + cause.getMessage(),
            "Is another server using the port? Change pgraft.listen_address or pgraft.port.",
            e);
      }
    }
    return new EngineException(
        "the pgraft engine could not start with the files in \"" + root + "\": " + innermost(e), DAMAGED, e);
  }

  private static Throwable innermost(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
