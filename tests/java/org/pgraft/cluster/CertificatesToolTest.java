package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that makes an authority and the members' certificates. */
final class CertificatesToolTest {
  @TempDir Path directory;

  private Output tool(String... arguments) {
    List<String> command = new ArrayList<>(
        List.of(Path.of("scripts/pgraft_certificates").toAbsolutePath().toString(), "--dir", directory.toString()));
    command.addAll(List.of(arguments));
    return Command.run(command);
  }

  private void done(String... arguments) {
    tool(arguments).orFail(String.join(" ", arguments));
  }

  /** The list without its dates, which are all in the future. */
  private List<String> listed() {
    return tool("list").orFail("list").text().lines().skip(1)
        .map(line -> line.replaceFirst(" +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC", "").replaceAll(" {2,}", " | ")).toList();
  }

  @Test
  void when_certificates_were_made_then_the_list_shows_by_whom_and_for_which_addresses() {
    done("authority");
    done("member", "n1", "10.0.0.1");
    done("member", "n2", "10.0.0.2", "db2.example.com");

    assertEquals(
        List.of("authority | itself", "n1 | authority | 10.0.0.1", "n2 | authority | 10.0.0.2, db2.example.com"), listed());
  }

  @Test
  void when_an_authority_has_signed_certificates_in_use_then_it_is_not_forgotten() throws Exception {
    done("authority");
    done("member", "n1", "10.0.0.1");
    done("member", "n2", "10.0.0.2");
    done("renew-authority");
    done("member", "n1", "10.0.0.1");
    assertEquals(
        List.of("authority | itself", "n1 | authority | 10.0.0.1", "n2 | an older authority | 10.0.0.2"), listed());

    Output refused = tool("forget-old-authority");
    assertNotEquals(0, refused.status());
    assertTrue(refused.text().contains("n2.crt is signed by an older authority"), refused.text());
    assertEquals(2, authorities());

    done("member", "n2", "10.0.0.2");
    done("forget-old-authority");
    assertEquals(1, authorities());
  }

  private int authorities() throws Exception {
    return Files.readString(directory.resolve("ca.crt")).split("BEGIN CERTIFICATE", -1).length - 1;
  }
}
