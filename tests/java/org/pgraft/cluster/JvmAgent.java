package org.pgraft.cluster;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Does harm inside a node's JVM, by the agent in tests/sabotage/agent.c, which is loaded when the JVM is created. */
public final class JvmAgent {
  // sees to it that the agent never reads half a command
  private static final String GIVE = """
      rm -f "$1/answer" && printf '%s\\n' "$2" > "$1/command.new" && mv "$1/command.new" "$1/command"
      """;

  private final TestNode node;
  private final String directory;

  private JvmAgent(TestNode node) {
    this.node = node;
    this.directory = node.host().directory() + "/agent";
  }

  /** Installs an agent in a node that has not been started yet. */
  public static JvmAgent install(TestNode node) throws IOException {
    JvmAgent agent = new JvmAgent(node);
    // where the headers of a JDK are; they are the same in all versions of interest
    String headers = node.host().run("sh", "-c", "for jdk in \"$JAVA_HOME\" /usr/lib/jvm/*; do"
        + " [ ! -f \"$jdk/include/jvmti.h\" ] || { echo \"$jdk/include\"; exit 0; }; done; exit 1")
        .orFail("looking for the headers of a JDK").text().strip();
    String library = node.compile("tests/sabotage/agent.c", "agent.so", "-shared", "-fPIC", "-I" + headers,
        "-I" + headers + "/linux", "-lpthread");
    node.host().run("mkdir", agent.directory).orFail("mkdir");
    node.set("pgraft.jvm_options", "-agentpath:" + library + "=" + agent.directory);
    return agent;
  }

  /** Delays each start of the JVM from now on. */
  public void delayStarts(int seconds) {
    node.host().run("sh", "-c", "echo \"$1\" > \"$2/delay\"", "sh", Integer.toString(seconds), directory).orFail("echo");
  }

  /** The names of all threads that Java knows, the agent's own left out. */
  public List<String> threads() throws InterruptedException {
    return ask("threads").lines().filter(name -> !name.equals("sabotage")).sorted().toList();
  }

  /** Throws an error in a thread; whether there was such a thread. */
  public boolean stop(String thread) throws InterruptedException {
    node.host().run("rm", "-f", directory + "/events").orFail("rm");
    return ask("stop " + thread).equals("0");
  }

  /** What became of the error that {@link #stop} threw: where it hit and who caught it; empty as long as it did not. */
  public Optional<String> hit() {
    Output events = node.host().run("cat", directory + "/events");
    return events.status() != 0 ? Optional.empty()
        : events.text().lines().filter(line -> line.startsWith("hit ")).findFirst();
  }

  /** Lets a thread hang for as long as the JVM lives; whether there was such a thread. */
  public boolean suspend(String thread) throws InterruptedException {
    return ask("suspend " + thread).equals("0");
  }

  /** Takes all of the heap, and keeps taking what gets free; how many bytes that was at first. */
  public long exhaustHeap() throws InterruptedException {
    return Long.parseLong(ask("exhaust"));
  }

  /** Gives the heap back, if this is still the JVM that lost it; else that one took the agent's hold with it. */
  public void releaseHeap() {
    give("release");
  }

  /** Ends the JVM by {@code System.exit}, or by {@code Runtime.halt} when not orderly. */
  public void leave(boolean orderly) {
    give(orderly ? "exit" : "halt");
  }

  /** Lets the JVM's process open no file and no connection for a time; returns at once. */
  public void exhaustDescriptors(int seconds) {
    give("descriptors " + seconds);
  }

  /** Whether an attempt to open a file failed for that reason meanwhile; known when that time is over. */
  public boolean descriptorsWereExhausted() {
    return node.host().run("cat", directory + "/answer").text().strip().equals("exhausted");
  }

  private String ask(String command) throws InterruptedException {
    give(command);
    return Await.value("the agent of " + node + " answers " + command,
        () -> node.host().run("cat", directory + "/answer"), answer -> answer.status() == 0).text().strip();
  }

  private void give(String command) {
    node.host().run("sh", "-c", GIVE, "sh", directory, command).orFail("giving a command to the agent");
  }
}
