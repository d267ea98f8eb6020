package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.api.DockerClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ExecConfig;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/** The Debian package and the image, as who installs them meets them; tests/container/package builds both. */
@Tag("cluster")
@Tag("long")
final class PackageTest {
  private static final long BUILD_SECONDS = 540;
  private static final String ENGINE = "/usr/lib/postgresql/17/lib/pgraft";
  private static final String PACKAGE = "postgresql-17-pgraft";

  private static String bare;
  private static String image;

  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeAll
  static void build() {
    Assumptions.assumeTrue("containers".equals(System.getProperty("pgraft.test.backend")),
        "the package is built and installed in containers");
    ContainerSite.sweep(DockerClientFactory.instance().client());
    String output = Command.run(List.of(Path.of("tests/container/package").toAbsolutePath().toString()), BUILD_SECONDS)
        .orFail("tests/container/package").text().strip();
    // the last two lines; what it does stands before them
    List<String> lines = output.lines().toList();
    bare = lines.get(lines.size() - 2);
    image = lines.get(lines.size() - 1);
  }

  @AfterEach
  void close() throws Exception {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
  }

  @Test
  void when_the_package_is_installed_then_a_server_runs_with_it_and_when_it_is_removed_then_nothing_of_it_is_left()
      throws Exception {
    GenericContainer<?> machine = container(bare).withCommand("sleep", "infinity")
        .waitingFor(Wait.forSuccessfulCommand("true"));
    machine.withCopyFileToContainer(MountableFile.forHostPath(debianPackage()), "/srv/install/pgraft.deb").start();
    root(machine, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
        + " /srv/install/pgraft.deb");
    assertEquals("", root(machine, "cd " + ENGINE + " && for jar in *.jar; do [ $jar = pgraft.jar ] ||"
        + " grep -q \" ${jar%%-[0-9]*}-\" /usr/share/doc/" + PACKAGE + "/copyright || echo $jar; done"),
        "libraries without a word on their licence");

    // the server that Debian's package makes
    root(machine, "echo \"shared_preload_libraries = 'pgraft'\" > /etc/postgresql/17/main/conf.d/pgraft.conf"
        + " && pg_ctlcluster 17 main start");
    sql(machine, "CREATE EXTENSION pgraft");
    sql(machine, "SELECT pgraft_init()");
    assertEquals("t", sql(machine, "SELECT pgraft_kv_put('key', 'value')"));
    assertEquals("value", sql(machine, "SELECT pgraft_kv_get('key')"));
    String worker = sql(machine, "SELECT worker_pid FROM pgraft_node_status()");
    assertFalse(execute(machine, "postgres", "grep", ENGINE + "/pgraft.jsa", "/proc/" + worker + "/maps").isEmpty(),
        "it maps the archive of classes");

    // what apt does to an upgrade, and to an update of the Java runtime
    String archive = root(machine, "stat -c %i " + ENGINE + "/pgraft.jsa");
    root(machine, "dpkg -i /srv/install/pgraft.deb");
    String second = root(machine, "stat -c %i " + ENGINE + "/pgraft.jsa");
    assertNotEquals(archive, second, "an archive for the new jars");
    root(machine, "dpkg-trigger --no-await --by-package=openjdk-21-jre-headless /usr/lib/jvm && dpkg --configure --pending");
    assertNotEquals(second, root(machine, "stat -c %i " + ENGINE + "/pgraft.jsa"), "an archive for the new runtime");
    assertEquals(worker, sql(machine, "SELECT worker_pid FROM pgraft_node_status()"), "nothing was restarted");

    // the tool, on servers of its own
    assertTrue(root(machine, "pgraft_cluster --dir /srv/tool init --nodes 1 && pgraft_cluster --dir /srv/tool start")
        .contains("the leader is n1"));
    assertEquals("t", root(machine, "pgraft_cluster --dir /srv/tool psql n1 -XAtc \"SELECT pgraft_kv_put('key', 'tool')\""));
    assertEquals("nothing wrong was found with n1", root(machine, "pgraft_cluster --dir /srv/tool doctor"));
    root(machine, "pgraft_cluster --dir /srv/tool destroy --yes");

    root(machine, "pg_ctlcluster 17 main stop && rm /etc/postgresql/17/main/conf.d/pgraft.conf");
    root(machine, "apt-get remove -qq -y " + PACKAGE);
    assertEquals("/var/lib/postgresql/17/main.pgraft", root(machine,
        "find / -xdev -path /proc -prune -o -path /sys -prune -o -path /srv/install -prune -o -path '/var/lib/postgresql/*/main/*'"
            + " -prune -o -name '*pgraft*' -print -prune"), "nothing stays but the member's own directory");
    assertEquals("", root(machine, "dpkg-query -f '${Package} ${Status}\\n' -W | grep pgraft || true"));

    root(machine, "pg_ctlcluster 17 main start");
    assertEquals("1", sql(machine, "SELECT 1"), "the server runs without it");
  }

  @Test
  void when_three_containers_of_the_image_start_then_they_form_a_cluster_and_keep_it() throws Exception {
    Network network = Network.builder()
        .createNetworkCmdModifier(command -> command.withLabels(Map.of(ContainerSite.OWNER, Owner.self()))).build();
    opened.add(network);
    List<GenericContainer<?>> members = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      GenericContainer<?> member = container(image).withNetwork(network).withNetworkAliases("n" + i)
          .withEnv("POSTGRES_PASSWORD", "secret")
          .withCommand("-c", "pgraft.cluster_id=image", "-c", "pgraft.name=n" + i,
              "-c", "pgraft.initial_cluster=n1=n1:7001,n2=n2:7001,n3=n3:7001",
              "-c", "pgraft.listen_address=*", "-c", "pgraft.allow_insecure=on")
          .waitingFor(Wait.forSuccessfulCommand("test -S /var/run/postgresql/.s.PGSQL.5432"));
      members.add(member);
    }
    members.parallelStream().forEach(GenericContainer::start);
    Await.until("a put is taken", () -> sql(members.get(0), "SELECT pgraft_kv_put('key', 'value')").equals("t"));
    for (GenericContainer<?> member : members) {
      assertEquals("value", sql(member, "SELECT pgraft_kv_get('key')"));
    }

    // by a stop that ends the server in good order, and on the volume that it had, but at another address
    GenericContainer<?> first = members.get(0);
    DockerClient docker = first.getDockerClient();
    String address = address(first, network);
    docker.stopContainerCmd(first.getContainerId()).withTimeout(60).exec();
    assertEquals(0L, docker.inspectContainerCmd(first.getContainerId()).exec().getState().getExitCodeLong());
    assertEquals("t", sql(members.get(1), "SELECT pgraft_kv_put('key', 'meanwhile')"));
    GenericContainer<?> stranger = container(bare).withNetwork(network).withCommand("sleep", "infinity")
        .waitingFor(Wait.forSuccessfulCommand("true"));
    stranger.start();
    assertEquals(address, address(stranger, network), "somebody else has the address");
    docker.startContainerCmd(first.getContainerId()).exec();
    Await.until("the others have reached it", () -> sql(first, "SELECT pgraft_kv_get('key', 'local')").equals("meanwhile"));
    assertEquals("t", sql(first, "SELECT pgraft_kv_put('key', 'back')"));
    assertEquals("back", sql(members.get(1), "SELECT pgraft_kv_get('key')"));
  }

  @Test
  void when_the_image_gets_no_password_then_it_says_what_it_needs_and_makes_nothing() throws Exception {
    Output output = Command.run(List.of("docker", "run", "--rm", "--label", ContainerSite.OWNER + "=" + Owner.self(), image));
    assertEquals(1, output.status());
    assertEquals("there is no server in /var/lib/postgresql/data yet: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE",
        output.text().strip());
  }

  private static String address(GenericContainer<?> container, Network network) {
    return container.getDockerClient().inspectContainerCmd(container.getContainerId()).exec().getNetworkSettings().getNetworks()
        .values().stream().filter(joined -> network.getId().equals(joined.getNetworkID())).findFirst().orElseThrow().getIpAddress();
  }

  private static Path debianPackage() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("target/deb/container"))) {
      return files.filter(file -> file.toString().endsWith(".deb")).findFirst().orElseThrow();
    }
  }

  private GenericContainer<?> container(String name) {
    GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(name)).withLabel(ContainerSite.OWNER, Owner.self());
    opened.add(container);
    return container;
  }

  private static String root(GenericContainer<?> container, String line) throws Exception {
    return execute(container, "root", "sh", "-c", line);
  }

  private static String sql(GenericContainer<?> container, String sql) throws Exception {
    return execute(container, "postgres", "psql", "-XAtqc", sql);
  }

  /** Its standard output; a failure is an exception with both outputs. */
  private static String execute(GenericContainer<?> container, String user, String... command) throws Exception {
    ExecResult result = container.execInContainer(ExecConfig.builder().user(user).workDir("/").command(command).build());
    new Output(result.getExitCode(), result.getStdout() + result.getStderr()).orFail(String.join(" ", command));
    return result.getStdout().strip();
  }
}
