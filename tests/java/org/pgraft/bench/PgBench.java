package org.pgraft.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgraft.cluster.Output;
import org.pgraft.cluster.TestNode;

/**
 * Runs PostgreSQL's own load generator on a node's host, with prepared statements, against that node's server. A call that
 * fails ends its client, and that the run: what is measured had no errors.
 */
final class PgBench {
  private static final Pattern DONE = Pattern.compile("number of transactions actually processed: (\\d+)");
  private static final Pattern RATE = Pattern.compile("tps = ([0-9.]+) \\(without");
  private static final int THREADS = 2;

  private final TestNode node;
  private final String consistency;
  private final String logs;

  PgBench(TestNode node) {
    this(node, "linearizable");
  }

  /** One whose reads are of that consistency. */
  PgBench(TestNode node, String consistency) {
    this.node = node;
    this.consistency = consistency;
    this.logs = node.host().directory() + "/pgbench";
  }

  /** One statement over and over, for a time. */
  Sample run(String statement, int clients, double seconds) {
    return run(statement, clients, List.of("-T", Long.toString(Math.max(1, Math.round(seconds)))));
  }

  /** One statement a number of times, spread over the clients. */
  Sample runTimes(String statement, int clients, long times) {
    return run(statement, clients, List.of("-t", Long.toString(times / clients)));
  }

  private Sample run(String script, int clients, List<String> extent) {
    node.write(logs + ".sql", script + ";\n");
    List<String> command = new ArrayList<>(List.of("env",
        "PGOPTIONS=-c pgraft.read_consistency=" + consistency, node.host().binaries() + "/pgbench",
        "-h", node.host().address(), "-p", Integer.toString(node.host().serverPort()), "-U", "postgres",
        "-n", "-M", "prepared", "-c", Integer.toString(clients), "-j", Integer.toString(Math.min(THREADS, clients)),
        "-f", logs + ".sql", "-l", "--log-prefix=" + logs));
    command.addAll(extent);
    command.add("postgres");
    Output output = node.host().run(command.toArray(String[]::new)).orFail("pgbench");
    long[] latencies = latencies();
    if (latencies.length != done(output.text())) {
      throw new IllegalStateException("pgbench logged " + latencies.length + " transactions and says:\n" + output.text());
    }
    // its own rate leaves out the time in which connections are made
    return Sample.of(latencies, latencies.length / decimal(RATE, output.text()));
  }

  /** Of the lines of client, transaction, latency in microseconds, script, second, microsecond; taken away when read. */
  private long[] latencies() {
    return node.host().run("sh", "-c", "cut -d ' ' -f 3 \"$1\".[0-9]* && rm -f \"$1\".[0-9]*", "sh", logs)
        .orFail("reading what pgbench logged").text().lines().mapToLong(Long::parseLong).toArray();
  }

  private static long done(String text) {
    Matcher matcher = DONE.matcher(text);
    return matcher.find() ? Long.parseLong(matcher.group(1)) : -1;
  }

  private static double decimal(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException("pgbench says no rate:\n" + text);
    }
    return Double.parseDouble(matcher.group(1));
  }
}
