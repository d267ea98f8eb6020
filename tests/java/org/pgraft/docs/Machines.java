package org.pgraft.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.pgraft.cluster.Output;

/** The machines of a page, each made when something is typed there for the first time. */
final class Machines implements Terminal, AutoCloseable {
  /** "admin" is no database server. */
  private static final Map<String, String> ADDRESSES = Map.of(
      "db1", "10.0.0.1", "db2", "10.0.0.2", "db3", "10.0.0.3", "db4", "10.0.0.4", "admin", "10.0.0.10");

  private final Path shared;
  private final Path binaries;
  private final Machine hub;
  private final Map<String, Machine> machines = new LinkedHashMap<>();

  /**
   * Skips the test where no machines can be made, or one of these programs is missing.
   *
   * @param shared an empty directory, in which they keep what they copy to each other
   */
  Machines(Path shared, String... programs) throws Exception {
    Assumptions.assumeTrue("namespaces".equals(System.getProperty("pgraft.test.backend")), "machines are made of namespaces");
    for (String program : programs) {
      Assumptions.assumeTrue(Arrays.stream(System.getenv("PATH").split(":"))
          .anyMatch(directory -> Files.isExecutable(Path.of(directory, program))), program + " is not installed");
    }
    // the servers' user has to come through
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
    this.shared = shared;
    this.binaries = Path.of(System.getenv("PG_CONFIG")).getParent();
    this.hub = Machine.hub(binaries);
  }

  /** Makes these now, so that each can reach the others from the first command on. */
  void make(List<String> names) throws Exception {
    for (String name : names) {
      machine(name);
    }
  }

  @Override
  public Output type(Transcript step) throws Exception {
    return machine(step.machine()).type(step.user(), step.directory(), step.command());
  }

  @Override
  public String psql() {
    return "psql";
  }

  @Override
  public String log(Transcript step) {
    try {
      return machine(step.machine()).serverLog();
    } catch (Exception e) {
      return "no log: " + e;
    }
  }

  private Machine machine(String name) throws Exception {
    Machine machine = machines.get(name);
    if (machine == null) {
      machine = Machine.at(name, ADDRESSES.get(name), hub, shared, binaries);
      machines.put(name, machine);
    }
    return machine;
  }

  @Override
  public void close() throws IOException {
    for (Machine machine : machines.values()) {
      machine.switchOff();
    }
    hub.switchOff();
  }
}
