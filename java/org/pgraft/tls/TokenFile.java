package org.pgraft.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.pgraft.config.ConfigException;

/** A secret word in a file of its own. Stateless. */
public final class TokenFile {
  private TokenFile() {}

  /**
   * Reads the word: what the file holds, without blanks and line ends around it.
   *
   * @throws ConfigException when there is none, or others could read it
   */
  public static String read(Path file) throws ConfigException {
    final String token;
    try {
      SecretFile.check(file, "token file");
      token = Files.readString(file).strip();
    } catch (IOException e) {
      throw new ConfigException(
          "could not read token file \"" + file + "\": " + FileFault.of(e),
          "It must exist, and the server's user must be able to read it.");
    }
    if (token.isEmpty()) {
      throw new ConfigException("token file \"" + file + "\" is empty", "Write the token into it.");
    }
    return token;
  }
}
