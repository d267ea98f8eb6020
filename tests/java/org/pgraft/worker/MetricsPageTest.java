package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.config.MetricsSettings;
import org.pgraft.config.Settings;
import org.pgraft.consensus.Engine;
import org.pgraft.tls.Credentials;
import org.pgraft.tls.TestAuthority;
import org.pgraft.worker.StatusPage.MetricsState;

/** The page for Prometheus of an engine that has not started, when its settings are reloaded. */
final class MetricsPageTest {
  @TempDir private Path root;
  private final SharedArea area = new SharedArea();

  @Test
  void when_neitherCertificateNorTokenCanBeReadAgain_then_theReloadNamesBoth() throws Exception {
    final TestAuthority.Member shown = new TestAuthority(root.resolve("ca")).sign("metrics", "IP:127.0.0.1");
    final Path token = Files.writeString(root.resolve("token"), "secret");
    Files.setPosixFilePermissions(token, Set.of(PosixFilePermission.OWNER_READ));
    final MetricsSettings settings =
        new MetricsSettings(
            true, "127.0.0.1", 0, Optional.of(shown.certificate()), Optional.of(shown.key()), Optional.of(token));
    try (MetricsPage page = new MetricsPage(settings, new StatusPage(area.shared(), area.layout()), engine(), () -> 0)) {
      page.open();
      assertEquals(MetricsState.SERVING.ordinal(), area.status("metrics_state"), area.statusText("metrics_message"));
      assertEquals("", refused(page, settings));

      Files.writeString(shown.certificate(), "no certificate");
      Files.delete(token);
      final String refused = refused(page, settings);
      assertTrue(refused.contains("\"" + shown.certificate() + "\" has no certificate"), refused);
      assertTrue(refused.contains("could not read token file \"" + token + "\""), refused);
    }
  }

  private static String refused(MetricsPage page, MetricsSettings settings) {
    final Reload reload = new Reload();
    page.reload(settings, reload);
    return reload.refused();
  }

  private Engine engine() throws Exception {
    return new Engine(
        Settings.parse(List.of("data_dir=" + root.resolve("pgraft"))),
        Credentials.none(),
        new LeaseWord(area.shared(), area.layout(), () -> 0, () -> 0),
        () -> 0,
        () -> {},
        () -> {},
        (kind, detail) -> {});
  }
}
