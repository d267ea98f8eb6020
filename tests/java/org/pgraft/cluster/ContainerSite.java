package org.pgraft.cluster;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ExecConfig;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * Nodes as containers, each with an address of its own in a network of its own. The system property {@code
 * pgraft.test.image} names the image, which tests/container/build makes.
 *
 * <p>Containers and networks bear the name of this process as a label; those of processes that are gone are
 * swept when the first site of a run opens. A container also ends by itself after two hours.
 */
final class ContainerSite implements Site {
  /** The label that names the process which a container or a network belongs to. */
  static final String OWNER = "org.pgraft.test.owner";

  private static final int SERVER_PORT = 5432;
  private static final int RAFT_PORT = 7001;

  // The first process of a container must collect the children of a server that was killed, else the
  // server's pid stays taken and it cannot start again. A shell that waits does.
  private static final String FIRST_PROCESS =
      "trap 'exit 0' TERM; i=0; while [ $i -lt 720 ]; do sleep 10 & wait $!; i=$((i + 1)); done";

  private static boolean swept;

  private final String image = System.getProperty("pgraft.test.image", "");
  private final Network network;
  private final List<GenericContainer<?>> containers = new ArrayList<>();

  ContainerSite() {
    if (image.isEmpty()) {
      throw new IllegalStateException("the system property pgraft.test.image is not set (use \"make it\")");
    }
    sweep(DockerClientFactory.instance().client());
    network = Network.builder()
        .createNetworkCmdModifier(command -> command.withLabels(Map.of(OWNER, Owner.self())))
        .build();
  }

  @Override
  public String describe() {
    return "containers of the image " + image;
  }

  @Override
  public NodeHost host(String name) {
    GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(image))
        .withNetwork(network)
        .withNetworkAliases(name)
        .withLabel(OWNER, Owner.self())
        .withCommand("bash", "-c", FIRST_PROCESS)
        .withSharedMemorySize(256L << 20)
        .withCreateContainerCmdModifier(command -> {
          HostConfig config = Objects.requireNonNull(command.getHostConfig());
          config.withCapAdd(Capability.NET_ADMIN);
          command.withHostName(name);
        })
        .waitingFor(Wait.forSuccessfulCommand("true"));
    container.start();
    synchronized (containers) {
      containers.add(container);
    }
    ContainerHost host = new ContainerHost(name, container);
    host.asRoot("install", "-d", "-o", "postgres", "-m", "755", host.directory()).orFail("install");
    return host;
  }

  @Override
  public void close() {
    synchronized (containers) {
      containers.parallelStream().forEach(GenericContainer::stop);
      containers.clear();
    }
    network.close();
  }

  /** Removes the containers and networks of processes that are gone. */
  static synchronized void sweep(DockerClient docker) {
    if (swept) {
      return;
    }
    swept = true;
    for (Container container : docker.listContainersCmd().withShowAll(true).withLabelFilter(List.of(OWNER)).exec()) {
      if (!Owner.alive(container.getLabels().get(OWNER))) {
        quietly(() -> docker.removeContainerCmd(container.getId()).withForce(true).withRemoveVolumes(true).exec());
      }
    }
    docker.listNetworksCmd().exec().stream()
        .filter(found -> found.getLabels() != null && found.getLabels().containsKey(OWNER))
        .filter(found -> !Owner.alive(found.getLabels().get(OWNER)))
        .forEach(found -> quietly(() -> docker.removeNetworkCmd(found.getId()).exec()));
  }

  /** Another run may be sweeping the same things at the same moment. */
  private static void quietly(Runnable removal) {
    try {
      removal.run();
    } catch (NotFoundException | ConflictException e) {
      System.err.println("left to another run: " + e.getMessage().strip());
    }
  }

  private final class ContainerHost implements NodeHost {
    private final String name;
    private final GenericContainer<?> container;

    ContainerHost(String name, GenericContainer<?> container) {
      this.name = name;
      this.container = container;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public String address() {
      return container.getContainerInfo().getNetworkSettings().getNetworks().values().stream()
          .filter(joined -> network.getId().equals(joined.getNetworkID()))
          .findFirst().orElseThrow().getIpAddress();
    }

    @Override
    public int raftPort() {
      return RAFT_PORT;
    }

    @Override
    public String listenAddresses() {
      return "*";
    }

    @Override
    public int serverPort() {
      return SERVER_PORT;
    }

    @Override
    public String clientAddress() {
      // not by a published port: its proxy would accept connections of a server that is down
      return address() + ":" + SERVER_PORT;
    }

    @Override
    public String binaries() {
      return "/usr/lib/postgresql/17/bin";
    }

    @Override
    public String directory() {
      return "/srv/pgraft";
    }

    @Override
    public Output run(String... command) {
      return execute("postgres", command);
    }

    Output asRoot(String... command) {
      return execute("root", command);
    }

    private Output execute(String user, String... command) {
      try {
        org.testcontainers.containers.Container.ExecResult result = container.execInContainer(
            ExecConfig.builder().user(user).workDir("/").command(command).build());
        return new Output(result.getExitCode(), result.getStdout() + result.getStderr());
      } catch (IOException e) {
        throw new IllegalStateException("cannot run " + List.of(command) + " on " + name, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while running " + List.of(command), e);
      }
    }

    @Override
    public Optional<String> whyNotCut() {
      return Optional.empty();
    }

    @Override
    public Output firewall(String... arguments) {
      List<String> line = new ArrayList<>(List.of("iptables", "-w"));
      line.addAll(List.of(arguments));
      return asRoot(line.toArray(String[]::new));
    }

    @Override
    public Output mountMemory(String directory, int megabytes) {
      return asRoot("mount", "-t", "tmpfs", "-o", "mode=1777,size=" + megabytes + "m", "tmpfs", directory);
    }
  }
}
