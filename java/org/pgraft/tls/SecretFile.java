package org.pgraft.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.pgraft.config.ConfigException;

/**
 * Whether a secret is kept as PostgreSQL wants its private key kept ({@code ssl_key_file}; check_ssl_key_file_permissions()
 * in be-secure-common.c): in a file of the server's user that nobody else can read, or one of root's that the server's group
 * can read. Stateless.
 */
final class SecretFile {
  private static final int ROOT = 0;
  private static final Pattern EFFECTIVE_USER = Pattern.compile("^Uid:\\s+\\d+\\s+(\\d+).*");
  private static final Set<PosixFilePermission> OWNERS =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  private static final Set<PosixFilePermission> OWNERS_AND_GROUP_READS =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.GROUP_READ);

  private SecretFile() {}

  static void check(Path file, String what) throws ConfigException, IOException {
    final PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new ConfigException(what + " \"" + file + "\" is not a regular file", "");
    }
    final int owner = (Integer) Files.getAttribute(file, "unix:uid");
    final int self = effectiveUser();
    if (owner != self && owner != ROOT) {
      throw new ConfigException(
          what + " \"" + file + "\" must be owned by the database user or root",
          "It belongs to " + attributes.owner().getName() + ".");
    }
    final Set<PosixFilePermission> granted = attributes.permissions();
    if (!(owner == self ? OWNERS : OWNERS_AND_GROUP_READS).containsAll(granted)) {
      throw new ConfigException(
          what + " \"" + file + "\" has group or world access",
          "File must have permissions u=rw (0600) or less if owned by the database user, or permissions u=rw,g=r (0640)"
              + " or less if owned by root.");
    }
  }

  /** Of proc(5); the owner of the process's directory there may be another, when it may not be traced. */
  private static int effectiveUser() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .map(EFFECTIVE_USER::matcher)
          .filter(Matcher::matches)
          .map(user -> Integer.valueOf(user.group(1)))
          .findFirst()
          .orElseThrow(() -> new IOException("the user of this process is not known"));
    }
  }
}
