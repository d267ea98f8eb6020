package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.pgraft.cluster.Output;

/**
 * Types the blocks of a page, each as it stands, and compares what comes with what is shown. The notes before a block say
 * what a reader need not see, see docs/testing.md. With the system property {@code pgraft.docs.write} what came is written
 * into the page when it is closed, where it is not what is shown.
 */
final class Typist implements AutoCloseable {
  private static final boolean WRITE = Boolean.getBoolean("pgraft.docs.write");

  /** Who types a block that does not say it. */
  private static final String SOMEBODY = "postgres@db1:~";

  private final Document page;
  private final Terminal terminal;
  private final Duration until;
  private final List<Correction> corrections = new ArrayList<>();

  /**
   * Begins to type a page.
   *
   * @param until how long a command is repeated, at most, which has the note "until"
   */
  Typist(Document page, Terminal terminal, Duration until) {
    this.page = page;
    this.terminal = terminal;
    this.until = until;
  }

  /** Types a block, and before it what its notes say. */
  void type(Document.Block block) throws Exception {
    Transcript.Prompt prompt = prompt(block);
    for (String first : block.notes("first")) {
      Document.Block unseen = new Document.Block(block.page(), block.line(), SqlSession.isTyped(first) ? "psql" : "console",
          List.of(), List.of(first));
      // by the superuser of the servers; nobody else has a name there
      boolean sql = SqlSession.isOne(unseen);
      List<Correction> wrong = session(unseen, sql ? new Transcript.Prompt("postgres", prompt.machine(), "~") : prompt, "");
      assertTrue(wrong.isEmpty(), () -> block.where() + ": something comes from: " + first);
    }
    corrections.addAll(session(block, prompt, environment(block)));
  }

  private static Transcript.Prompt prompt(Document.Block block) {
    List<String> on = block.notes("on");
    return Transcript.Prompt.read(on.isEmpty() ? SOMEBODY : on.get(0));
  }

  private static String environment(Document.Block block) {
    return block.notes("at").stream().map(address -> "export PGHOST=" + address + "\n").collect(Collectors.joining());
  }

  private List<Correction> session(Document.Block block, Transcript.Prompt prompt, String environment) throws Exception {
    if (SqlSession.isOne(block)) {
      return compare(block, SqlSession.of(block, prompt), environment, 0);
    }
    List<Correction> wrong = new ArrayList<>();
    List<Transcript> steps = Transcript.of(block, prompt);
    for (int i = 0; i < steps.size(); i++) {
      boolean last = i == steps.size() - 1;
      int status = last && block.has("status") ? Integer.parseInt(block.notes("status").get(0)) : 0;
      wrong.addAll(compare(block, List.of(steps.get(i)), environment, status));
      for (String more : block.notes("also on")) {
        for (String other : more.split(" ")) {
          compare(block, List.of(steps.get(i).on(other)), environment, status);
        }
      }
    }
    return wrong;
  }

  /**
   * Types what belongs to one session, a command at a shell or all the SQL of a block, which ends with that status.
   *
   * @return what has to be shown instead
   */
  private List<Correction> compare(Document.Block block, List<Transcript> steps, String environment, int status) throws Exception {
    Transcript first = steps.get(0);
    List<String> varying = block.notes("varies").stream().flatMap(text -> Arrays.stream(text.split("; *"))).toList();
    String where = block.page() + ":" + (block.line() + first.first() - 1) + ": on " + first.machine() + ": " + first.command();
    long begin = System.nanoTime();
    List<String> outputs = output(block, steps, environment, status);
    if (block.has("until")) {
      long end = System.nanoTime() + until.toNanos();
      while (!matches(steps, outputs, varying) && System.nanoTime() < end) {
        Thread.sleep(100);
        outputs = output(block, steps, environment, status);
      }
    }
    List<Correction> wrong = new ArrayList<>();
    System.out.printf("%5.1f s  %s%n", (System.nanoTime() - begin) / 1e9, where);
    for (int i = 0; i < steps.size(); i++) {
      Transcript step = steps.get(i);
      String text = outputs.get(i).lines().map(String::stripTrailing).collect(Collectors.joining("\n")).stripTrailing();
      if (!step.matches(text, varying)) {
        assertTrue(WRITE && !step.shown().isEmpty(), () -> where + "\nafter typing:\n" + step.command() + "\nshown:\n"
            + String.join("\n", step.shown()) + "\nbut what came is:\n" + text + terminal.log(first));
        wrong.add(new Correction(block.line() - 1 + step.first(), step.shown().size(), text.lines().toList()));
      }
    }
    return wrong;
  }

  private static boolean matches(List<Transcript> steps, List<String> outputs, List<String> varying) {
    for (int i = 0; i < steps.size(); i++) {
      if (!steps.get(i).matches(outputs.get(i), varying)) {
        return false;
      }
    }
    return true;
  }

  /** What came for each step. Fails if the session ends otherwise than it should. */
  private List<String> output(Document.Block block, List<Transcript> steps, String environment, int status) throws Exception {
    boolean sql = SqlSession.isOne(block);
    Transcript typed = steps.get(0).typing(environment + (sql ? SqlSession.command(terminal.psql(), steps) : steps.get(0).command()));
    Output output = terminal.type(typed);
    assertTrue(block.has("until") || output.status() == status, () -> block.where() + ": " + typed.command()
        + "\nexit status " + output.status() + ":\n" + output.text() + terminal.log(typed));
    return sql ? SqlSession.outputs(steps, output.text()) : List.of(block.language().equals("sh") ? "" : output.text());
  }

  @Override
  public void close() throws IOException {
    if (corrections.isEmpty()) {
      return;
    }
    List<String> lines = new ArrayList<>(page.lines());
    for (int i = corrections.size() - 1; i >= 0; i--) {
      Correction correction = corrections.get(i);
      List<String> wrong = lines.subList(correction.first(), correction.first() + correction.count());
      wrong.clear();
      wrong.addAll(correction.lines());
    }
    Files.write(page.path(), lines);
  }

  /**
   * What has to stand in a page.
   *
   * @param first the index of the first line that is wrong
   * @param count how many are
   * @param lines what belongs there
   */
  private record Correction(int first, int count, List<String> lines) {}
}
