package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** {@code scripts/pgraft_cluster} with the same options at every call, and what it says, read by jq. */
record Tool(List<String> options) {
  static final Path SCRIPT = Path.of("scripts/pgraft_cluster").toAbsolutePath();

  Tool(String... options) {
    this(List.of(options));
  }

  /** Of the servers in a directory. */
  static Tool in(Path directory) {
    return new Tool("--dir", directory.toString());
  }

  /** Through a server that it did not make. */
  static Tool through(TestNode node) {
    return through(List.of(node));
  }

  /** Through one of several, of which it takes the first that answers. */
  static Tool through(List<TestNode> nodes) {
    List<String> clients = nodes.stream().map(node -> node.host().clientAddress()).toList();
    String hosts = clients.stream().map(client -> client.substring(0, client.lastIndexOf(':'))).collect(Collectors.joining(","));
    String ports = clients.stream().map(client -> client.substring(client.lastIndexOf(':') + 1)).collect(Collectors.joining(","));
    return new Tool("--dsn", "host=" + hosts + " port=" + ports + " user=postgres dbname=postgres");
  }

  /** Through each of several. */
  static Tool throughEach(List<TestNode> nodes) {
    return new Tool(nodes.stream().flatMap(node -> through(node).options.stream()).toList());
  }

  Output run(String... arguments) {
    List<String> command = new ArrayList<>(List.of(SCRIPT.toString()));
    command.addAll(options);
    command.addAll(Arrays.asList(arguments));
    return Command.run(command);
  }

  /** What it says for people. */
  String text(String... arguments) {
    return run(arguments).orFail("pgraft_cluster " + String.join(" ", arguments)).text().strip();
  }

  /** What a jq filter makes of what it says as JSON. */
  String json(String filter, String... arguments) {
    return jq(filter, run(asJson(arguments)).orFail("pgraft_cluster " + String.join(" ", arguments)).text());
  }

  /** The same of an error, after a look at its exit status. */
  String error(int status, String filter, String... arguments) {
    Output output = run(asJson(arguments));
    assertEquals(status, output.status(), output::text);
    assertEquals(Integer.toString(status), jq(".error.status", output.text()));
    return jq(".error" + filter, output.text());
  }

  static String jq(String filter, String json) {
    return Command.run(List.of("jq", "-nrc", "--argjson", "value", json, "$value | " + filter)).orFail(
        "jq " + filter + " of " + json).text().strip();
  }

  private static String[] asJson(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--format", "json"));
    all.addAll(Arrays.asList(arguments));
    return all.toArray(String[]::new);
  }
}
