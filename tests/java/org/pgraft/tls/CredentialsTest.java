package org.pgraft.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.config.ConfigException;
import org.pgraft.config.TlsMode;
import org.pgraft.config.TlsSettings;

/** The files of a node's TLS: what is refused, and what a reload changes. */
final class CredentialsTest {
  private static final String HOST = "127.0.0.1";

  @TempDir private Path root;
  private TestAuthority authority;
  private TestAuthority.Member member;

  @BeforeEach
  void makeCertificates() throws IOException {
    authority = new TestAuthority(root.resolve("ca"));
    member = authority.sign("n1", "IP:127.0.0.1");
  }

  @Test
  void when_tlsIsOff_then_nothingIsRead() throws Exception {
    final Credentials credentials =
        Credentials.load(new TlsSettings(TlsMode.OFF, root, root, root.resolve("nowhere"), List.of()), "");
    assertEquals(Optional.empty(), credentials.dialing());
    assertEquals(Optional.empty(), credentials.expiry());
  }

  @Test
  void when_aCertificateWasRead_then_itsEndIsKnown() throws Exception {
    final Instant expiry = Credentials.load(authority.settings(TlsMode.ON, member), HOST).expiry().orElseThrow();
    assertEquals(2, Duration.between(Instant.now(), expiry.plusSeconds(3600)).toDays(), expiry::toString);
  }

  @Test
  void when_aMemberOnlyAcceptsTls_then_itDialsWithout() throws Exception {
    assertEquals(Optional.empty(), Credentials.load(authority.settings(TlsMode.ACCEPT, member), HOST).dialing());
    assertTrue(Credentials.load(authority.settings(TlsMode.PREFER, member), HOST).dialing().isPresent());
    assertTrue(Credentials.load(authority.settings(TlsMode.ON, member), HOST).dialing().isPresent());
  }

  @Test
  void when_aFileIsMissing_then_itIsNamed() throws Exception {
    Files.delete(member.key());
    assertEquals(
        "could not read file \"" + member.key() + "\": No such file or directory", refused(member).getMessage());
  }

  @Test
  void when_aFileCannotBeRead_then_theReasonIsThereAndNotTheNameAgain() throws Exception {
    final Path below = member.certificate().resolve("key");
    assertEquals(
        "could not read file \"" + below + "\": Not a directory",
        refused(new TestAuthority.Member(member.certificate(), below)).getMessage());
    assertEquals(
        "could not read file \"" + root + "\": Is a directory",
        refused(new TestAuthority.Member(root, member.key())).getMessage());
    // no file is closed to root, who may be who runs this
    assertEquals("Permission denied", FileFault.of(new AccessDeniedException("/a/file")));
  }

  @Test
  void when_othersCanReadTheKey_then_itIsRefusedLikePostgresqlsOwn() throws Exception {
    Files.setPosixFilePermissions(member.key(), PosixFilePermissions.fromString("rw-r--r--"));
    final ConfigException refused = refused(member);
    assertEquals("private key file \"" + member.key() + "\" has group or world access", refused.getMessage());
    assertTrue(refused.hint().contains("u=rw (0600)"), refused.hint());
  }

  @Test
  void when_theKeyIsAnothersKey_then_theTwoFilesAreNamed() throws Exception {
    final TestAuthority.Member other = authority.sign("n2", "IP:127.0.0.2");
    final ConfigException refused = refused(new TestAuthority.Member(member.certificate(), other.key()));
    assertEquals(
        "the private key in \"" + other.key() + "\" is not that of the certificate in \"" + member.certificate() + "\"",
        refused.getMessage());
  }

  @Test
  void when_aFileHoldsSomethingElse_then_itIsSaid() throws Exception {
    Files.writeString(member.certificate(), "no certificate");
    assertTrue(refused(member).getMessage().contains("\"" + member.certificate() + "\" has no certificate"));

    final TestAuthority.Member swapped = new TestAuthority.Member(authority.certificate(), authority.certificate());
    Files.setPosixFilePermissions(authority.certificate(), PosixFilePermissions.fromString("rw-------"));
    assertTrue(refused(swapped).getMessage().contains("no private key that can be read"));
  }

  @Test
  void when_theCertificateIsNotValidAnyMore_then_itIsRefused() throws Exception {
    final TestAuthority.Member expired = authority.signExpired("old");
    assertTrue(refused(expired).getMessage().contains("NotAfter"), () -> refused(expired).getMessage());
  }

  @Test
  void when_aReloadFails_then_whatWasThereStays() throws Exception {
    final Credentials credentials = Credentials.load(authority.settings(TlsMode.ON, member), HOST);
    final SslContext before = credentials.accepting();
    final TlsSettings settings = authority.settings(TlsMode.ON, member);
    Files.writeString(member.certificate(), "half a certif");
    assertThrows(ConfigException.class, () -> credentials.reload(settings, HOST));
    assertSame(before, credentials.accepting());

    credentials.reload(authority.settings(TlsMode.ON, authority.sign("n1", "IP:127.0.0.1")), HOST);
    assertNotSame(before, credentials.accepting(), "sessions of before cannot be resumed");
  }

  @Test
  void when_aKeyIsCutShort_then_itIsRefusedAndNamed() throws Exception {
    final String whole = Files.readString(member.key());
    Files.writeString(member.key(), whole.replaceFirst("\n(\\S{5})\\S+\n", "\n$1\n"));
    assertTrue(refused(member).getMessage().contains("\"" + member.key() + "\""), () -> refused(member).getMessage());
  }

  @Test
  void when_theOtherMembersWouldRefuseTheCertificate_then_itIsRefusedHere() throws Exception {
    final TestAuthority elsewhere = new TestAuthority(root.resolve("elsewhere"));
    final TestAuthority.Member foreign = elsewhere.sign("n1", "IP:127.0.0.1");
    assertTrue(refused(foreign).getMessage().contains("would refuse"), () -> refused(foreign).getMessage());

    final TestAuthority.Member misnamed = authority.sign("n2", "IP:10.0.0.2", "DNS:n2.example");
    assertTrue(refused(misnamed).getMessage().contains("is not for 127.0.0.1"), () -> refused(misnamed).getMessage());
    final TestAuthority.Member wrongKind = authority.sign("n4", "DNS:10.0.0.4");
    assertThrows(ConfigException.class, () -> Credentials.load(authority.settings(TlsMode.ON, wrongKind), "10.0.0.4"));
    for (String host : List.of("10.0.0.2", "N2.example")) {
      Credentials.load(authority.settings(TlsMode.ON, misnamed), host);
    }
    Credentials.load(authority.settings(TlsMode.ON, authority.sign("n3", "DNS:*.example", "IP:::1")), "n3.example");
    Credentials.load(authority.settings(TlsMode.ON, authority.sign("n3", "IP:::1")), "0:0:0:0:0:0:0:1");

    final ConfigException unlisted =
        assertThrows(
            ConfigException.class,
            () -> Credentials.load(authority.settings(TlsMode.ON, member, "n7", "10.0.0.7"), HOST));
    assertTrue(unlisted.getMessage().contains("none of the names"), unlisted::getMessage);
  }

  private ConfigException refused(TestAuthority.Member shown) {
    return assertThrows(ConfigException.class, () -> Credentials.load(authority.settings(TlsMode.ON, shown), HOST));
  }
}
