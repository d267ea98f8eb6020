package org.pgraft.cluster;

import java.io.IOException;
import java.nio.file.Files;
import org.pgraft.tls.TestAuthority;

/** Gives nodes certificates of a test's authority. The settings count from the node's next start or reload on. */
public final class Certificates {
  private Certificates() {}

  /** A certificate for the node, and the settings of pgraft.tls_enabled in that mode. */
  public static void secure(TestNode node, TestAuthority by, String mode) throws IOException {
    show(node, by);
    node.write(node.data() + "/ca.crt", Files.readString(by.certificate()));
    node.set("pgraft.tls_cert_file", "node.crt");
    node.set("pgraft.tls_key_file", "node.key");
    node.set("pgraft.tls_ca_file", "ca.crt");
    node.set("pgraft.tls_enabled", mode);
    if (mode.equals("on")) {
      node.unset("pgraft.allow_insecure");
    }
  }

  /** A new certificate in the place of the node's own; the authority that the node trusts stays. */
  static void show(TestNode node, TestAuthority by) throws IOException {
    TestAuthority.Member member = by.sign(node.name(), "IP:" + node.host().address());
    node.write(node.data() + "/node.crt", Files.readString(member.certificate()));
    node.write(node.data() + "/node.key", Files.readString(member.key()));
    node.host().run("chmod", "600", node.data() + "/node.key").orFail("chmod");
  }
}
