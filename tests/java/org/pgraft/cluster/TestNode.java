package org.pgraft.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * One PostgreSQL server with pgraft, a primary of its own, on a host that belongs to it. Its number is its
 * node id. Methods may be called from any thread, each on one thread at a time.
 */
public final class TestNode {
  private final int number;
  private final NodeHost host;
  private String binaries;
  private final String data;
  private final String log;
  private final Map<String, String> settings = new LinkedHashMap<>();
  private boolean settingsWritten;
  private List<String> environment = List.of();

  /** From its next start on, the server is one that was built otherwise; not in a container, which has its own. */
  public void install(Build build) {
    binaries = build.binaries();
  }

  TestNode(int number, NodeHost host) {
    this.number = number;
    this.host = host;
    this.binaries = host.binaries();
    this.data = host.directory() + "/data";
    this.log = host.directory() + "/server.log";
  }

  /** The node id, from 1. */
  public int number() {
    return number;
  }

  public String name() {
    return host.name();
  }

  public NodeHost host() {
    return host;
  }

  /** How initial_cluster names this node. */
  public String member() {
    return name() + "=" + host.address() + ":" + host.raftPort();
  }

  /** Id, address and port, as the functions that change members take them. */
  public String place() {
    return number + ", '" + host.address() + "', " + host.raftPort();
  }

  /** PGDATA on the node's host. */
  public String data() {
    return data;
  }

  /** The engine's directory on the node's host. */
  public String engineData() {
    return data + ".pgraft";
  }

  /** Makes the data directory. */
  public void init() {
    host.run("sh", "-ec", """
        "$1/initdb" -D "$2" -U postgres -E UTF8 --no-locale --no-sync -A trust
        echo 'host all all all trust' >> "$2/pg_hba.conf"
        echo "include 'test.conf'" >> "$2/postgresql.conf"
        """, "sh", host.binaries(), data).orFail("initdb");
    set("listen_addresses", host.listenAddresses());
    set("port", Integer.toString(host.serverPort()));
    set("unix_socket_directories", "");
    set("cluster_name", name());
    set("max_connections", "100");
    set("shared_buffers", "16MB");
    set("log_line_prefix", "%m [%p] ");
    // what PostgreSQL itself writes needs not survive anything here; the engine's own fsync stays
    set("fsync", "off");
    set("shared_preload_libraries", "pgraft");
    // the hosts' network is the test's own
    set("pgraft.allow_insecure", "on");
  }

  /** Sets a parameter for the next start or {@link #reload}. */
  public void set(String name, String value) {
    settings.put(name, value);
    settingsWritten = false;
  }

  /** Takes a parameter back to its default for the next start or {@link #reload}. */
  public void unset(String name) {
    settings.remove(name);
    settingsWritten = false;
  }

  private void writeSettings() {
    if (!settingsWritten) {
      StringBuilder text = new StringBuilder();
      settings.forEach((key, setting) ->
          text.append(key).append(" = '").append(setting.replace("'", "''")).append("'\n"));
      write(data + "/test.conf", text.toString());
      settingsWritten = true;
    }
  }

  public void reload() {
    writeSettings();
    host.run(host.binaries() + "/pg_ctl", "-D", data, "reload").orFail("pg_ctl reload");
  }

  /** Writes a file on the node's host. */
  public void write(String path, String text) {
    String encoded = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    host.run("sh", "-c", "echo " + encoded + " | base64 -d > " + path).orFail("writing " + path);
  }

  /**
   * Compiles C sources of this machine on the node's host.
   *
   * @param source its path from the root of the sources, or that of a directory of sources and headers
   * @param name of what comes out, in the host's directory
   * @return the path there
   */
  public String compile(String source, String name, String... flags) throws IOException {
    String output = host.directory() + "/" + name;
    List<String> command = new ArrayList<>(List.of("gcc", "-O1", "-std=gnu11", "-D_GNU_SOURCE", "-o", output));
    try (Stream<Path> files = Files.walk(Path.of(source))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String there = host.directory() + "/" + file.getFileName();
        write(there, Files.readString(file));
        if (there.endsWith(".c")) {
          command.add(there);
        }
      }
    }
    command.addAll(List.of(flags));
    host.run(command.toArray(String[]::new)).orFail("gcc");
    return output;
  }

  /** Starts the server and returns when it accepts connections and has the extension. */
  public void start() throws InterruptedException, SQLException {
    startServer();
    try (Session session = connect()) {
      session.run("CREATE EXTENSION IF NOT EXISTS pgraft");
    }
  }

  /** Starts the server and returns when it accepts connections. */
  public void startServer() throws InterruptedException {
    // after kill -9 the rest of the old server may still be there for a moment
    Await.value("the start of " + name(), this::tryStart, output -> {
      if (output.status() != 0 && !logTail(5).matches("(?s).*(shared memory|lock file).*")) {
        throw new AssertionError(name() + " does not start:\n" + output.text() + logTail(30));
      }
      return output.status() == 0;
    });
  }

  /** Tries to start the server once. */
  public Output tryStart() {
    writeSettings();
    List<String> command = new ArrayList<>(List.of("env"));
    command.addAll(environment);
    command.addAll(List.of(binaries + "/pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-s", "start"));
    return host.run(command.toArray(String[]::new));
  }

  /** Gives the server more in its environment, each as NAME=VALUE, from its next start on. */
  public void setEnvironment(List<String> variables) {
    environment = List.copyOf(variables);
  }

  /** Stops the server; the mode is fast, immediate or smart. */
  public void stop(String mode) {
    host.run(host.binaries() + "/pg_ctl", "-D", data, "-m", mode, "-w", "-t", "60", "-s", "stop")
        .orFail("pg_ctl stop");
  }

  public void restart() throws InterruptedException, SQLException {
    stop("fast");
    start();
  }

  /**
   * What a power cut does to a server: kill -9 of its postmaster. The rest of it dies by itself. Returns when
   * the postmaster's pid is free again, which is when its parent has noticed.
   */
  public void kill() {
    host.run("sh", "-c", "pid=$(head -n 1 " + data + "/postmaster.pid) && kill -9 $pid || exit 1;"
        + " for i in $(seq 300); do kill -0 $pid 2>/dev/null || exit 0; sleep 0.1; done; exit 2").orFail("kill");
  }

  /** Waits until the worker is in a state. */
  public void awaitState(String state) throws InterruptedException {
    // the message, too: a wait that failed says why
    Await.value(this + " is " + state,
        () -> text("SELECT concat_ws(': ', worker_state, message) FROM pgraft_node_status()"),
        seen -> seen.equals(state) || seen.startsWith(state + ": "));
  }

  /** Whether the postmaster runs. */
  public boolean running() {
    return host.run(host.binaries() + "/pg_ctl", "-D", data, "status").status() == 0;
  }

  /** Sends a signal, by its name, to a process of the node's host. */
  public void signal(long pid, String signal) {
    host.run("kill", "-" + signal, Long.toString(pid)).orFail("kill -" + signal);
  }

  /** The pid of the engine's worker, on the node's host. */
  public long worker() throws InterruptedException {
    return Await.value("a worker runs on " + name(), () -> number("SELECT worker_pid FROM pgraft_node_status()"),
        pid -> pid > 0);
  }

  /** The pids of the server on the node's host, the postmaster's first, or none when it does not run. */
  public List<Long> processes() {
    String script = """
        pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null || exit 0
        echo "$pid"
        sed -nE "s/^([0-9]+) \\(.*\\) [A-Za-z] $pid .*/\\1/p" /proc/[0-9]*/stat 2>/dev/null || true
        """;
    return host.run("sh", "-c", script, "sh", data).orFail("looking for processes").text().lines()
        .map(Long::parseLong).toList();
  }

  /** The last lines of the server's log. */
  public String logTail(int lines) {
    return host.run("tail", "-n", Integer.toString(lines), log).text();
  }

  /** The whole of the server's log. */
  public String log() {
    return host.run("cat", log).text();
  }

  /** A new session as the superuser. */
  public Session connect() throws SQLException {
    return connect("postgres");
  }

  /** A new session of a user. */
  public Session connect(String user) throws SQLException {
    // no test hangs on a server that does not answer
    return connect(user, 10, 120);
  }

  /** A new session as the superuser in another database. */
  public Session connectTo(String database) throws SQLException {
    return connect("postgres", database, 10, 120);
  }

  /** The same with limits in seconds: to connect, and for each answer. */
  public Session connect(String user, int connectTimeout, int answerTimeout) throws SQLException {
    return connect(user, "postgres", connectTimeout, answerTimeout);
  }

  private Session connect(String user, String database, int connectTimeout, int answerTimeout) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("connectTimeout", Integer.toString(connectTimeout));
    properties.setProperty("loginTimeout", Integer.toString(2 * connectTimeout));
    properties.setProperty("socketTimeout", Integer.toString(answerTimeout));
    properties.setProperty("preferQueryMode", "simple");
    return new Session(DriverManager.getConnection(
        "jdbc:postgresql://" + host.clientAddress() + "/" + database, properties));
  }

  /** The rows of a statement run in a session of its own. */
  public List<List<String>> rows(String sql, Object... arguments) throws SQLException {
    try (Session session = connect()) {
      return session.rows(sql, arguments);
    }
  }

  /** The one value of a statement run in a session of its own. */
  public String text(String sql, Object... arguments) throws SQLException {
    try (Session session = connect()) {
      return session.text(sql, arguments);
    }
  }

  /** The one number of a statement run in a session of its own. */
  public long number(String sql, Object... arguments) throws SQLException {
    try (Session session = connect()) {
      return session.number(sql, arguments);
    }
  }

  /** The one boolean of a statement run in a session of its own. */
  public boolean truth(String sql, Object... arguments) throws SQLException {
    try (Session session = connect()) {
      return session.truth(sql, arguments);
    }
  }

  public boolean leads() throws SQLException {
    return truth("SELECT pgraft_is_leader()");
  }

  public void put(String key, String value) throws SQLException {
    if (!truth("SELECT pgraft_kv_put(?, ?)", key, value)) {
      throw new AssertionError("pgraft_kv_put returned false");
    }
  }

  /** A linearizable read. */
  public String get(String key) throws SQLException {
    return text("SELECT pgraft_kv_get(?)", key);
  }

  /** What this node itself has, without asking another. */
  public String localGet(String key) throws SQLException {
    try (Session session = connect()) {
      session.run("SET pgraft.read_consistency = local");
      return session.text("SELECT pgraft_kv_get(?)", key);
    }
  }

  @Override
  public String toString() {
    return name();
  }
}
