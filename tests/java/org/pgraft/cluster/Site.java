package org.pgraft.cluster;

/** Where the hosts of one cluster live; closing it ends whatever runs there and leaves nothing behind. */
public interface Site extends AutoCloseable {
  /** What this is, for the reader of a test's output. */
  String describe();

  /** One more host. */
  NodeHost host(String name);

  @Override
  void close();

  /** A new site for servers of another kind, none of whose programs are built here. */
  static Site ofServers() {
    return open(Build.plain());
  }

  /**
   * A new site of the kind that the system property {@code pgraft.test.backend} names: {@code containers},
   * {@code namespaces} or {@code local}. Whoever starts the tests decides (scripts/cluster_tests), and they
   * say which it is.
   *
   * @param build what the servers are made of; containers have their own
   */
  static Site open(Build build) {
    String backend = System.getProperty("pgraft.test.backend", "local");
    return switch (backend) {
      case "containers" -> new ContainerSite();
      case "namespaces" -> new LocalSite(true, build);
      case "local" -> new LocalSite(false, build);
      default -> throw new IllegalArgumentException(
          "pgraft.test.backend is \"" + backend + "\", not \"containers\", \"namespaces\" or \"local\"");
    };
  }
}
