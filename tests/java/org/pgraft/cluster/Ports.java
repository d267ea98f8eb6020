package org.pgraft.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free TCP ports of this machine. A port is taken from below the kernel's range for outgoing connections and
 * stays reserved by a file lock until this process ends, so that two runs never meet, not even while a
 * server that was killed is down.
 */
final class Ports {
  private static final int FIRST = 20_000;
  private static final int LAST = 32_000;

  /** Keeps the locks alive. Guarded by the class. */
  private static final List<FileLock> TAKEN = new ArrayList<>();

  private Ports() {}

  /** A port that nobody uses, for this process alone. */
  static synchronized int take() {
    Path directory = Path.of(System.getProperty("java.io.tmpdir"), "pgraft-ports-" + System.getProperty("user.name"));
    try {
      Files.createDirectories(directory);
      while (true) {
        int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
        FileChannel file = FileChannel.open(directory.resolve(Integer.toString(port)),
            StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = lock(file);
        if (lock != null && free(port)) {
          TAKEN.add(lock);
          return port;
        }
        file.close();
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot reserve a port in " + directory, e);
    }
  }

  private static FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      // taken by this process before
      return null;
    }
  }

  private static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      // somebody listens there, and that is the answer
      return false;
    }
  }
}
