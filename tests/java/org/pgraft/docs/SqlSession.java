package org.pgraft.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A block of SQL, read as what is typed into one session of psql and what comes:
 *
 * <pre>
 * =# SELECT 1 AS one,
 *           2 AS two;
 *  one | two
 * -----+-----
 *    1 |   2
 * </pre>
 *
 * <p>A statement may go on in lines without a prompt until its semicolon. What came is compared where something is shown; the
 * number of rows only where that is shown, too. An error has to be shown. A block of the language "sql" has no prompts, and
 * shows nothing that comes.
 */
final class SqlSession {
  private static final Pattern PROMPT = Pattern.compile("\\w*=[#>] (.*)");
  private static final Pattern FOOTER = Pattern.compile("(?m)^\\(\\d+ rows?\\)\n{0,2}");
  private static final Pattern ERROR = Pattern.compile("(?m)^(?:ERROR|FATAL|PANIC|psql): .*");

  /** What stands between the outputs of two statements. */
  private static final String END = "---- that was one ----";

  private SqlSession() {}

  static boolean isOne(Document.Block block) {
    return block.language().equals("psql") || block.language().equals("sql");
  }

  /** Whether a line is one that is typed into psql. */
  static boolean isTyped(String line) {
    return PROMPT.matcher(line).matches();
  }

  /** The statements of a block; each begins with its words, without a prompt. */
  static List<Transcript> of(Document.Block block, Transcript.Prompt somebody) {
    boolean prompts = block.language().equals("psql");
    List<Transcript> steps = new ArrayList<>();
    List<String> lines = block.lines();
    int i = 0;
    while (i < lines.size()) {
      Matcher prompt = PROMPT.matcher(lines.get(i));
      if (prompts && !prompt.matches()) {
        throw new IllegalStateException(block.where() + ": a session of psql begins with a prompt, not with: " + lines.get(i));
      }
      StringBuilder statement = new StringBuilder(prompts ? prompt.group(1) : lines.get(i));
      i++;
      while (i < lines.size() && !isWhole(statement.toString())) {
        statement.append('\n').append(lines.get(i));
        i++;
      }
      int first = i;
      while (prompts && i < lines.size() && !isTyped(lines.get(i))) {
        i++;
      }
      if (!statement.toString().replaceAll("--.*", "").isBlank()) {
        steps.add(somebody.types(statement.toString(), lines.subList(first, i), first));
      }
    }
    return steps;
  }

  private static boolean isWhole(String text) {
    String statement = text.replaceAll("--.*", "").strip();
    return statement.endsWith(";") || statement.startsWith("\\") || statement.matches("(?s).*\\\\g[a-z]*(?: \\w+)?");
  }

  /** A command that types these statements, whatever becomes of each. */
  static String command(String psql, List<Transcript> steps) {
    StringBuilder script = new StringBuilder();
    for (Transcript step : steps) {
      script.append(step.command()).append("\n\\warn '").append(END).append("'\n");
    }
    // line by line, so that errors and results come in their order
    return "stdbuf -oL " + psql + " -X 2>&1 <<'END-OF-SQL'\n" + script + "END-OF-SQL\n";
  }

  /** What came for each statement, as far as it has to be what is shown: nothing where nothing is, but for errors. */
  static List<String> outputs(List<Transcript> steps, String text) {
    List<String> parts = List.of(text.split(Pattern.quote(END) + "\n", -1));
    List<String> outputs = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      String shown = String.join("\n", steps.get(i).shown());
      String came = i < parts.size() ? parts.get(i) : "";
      if (shown.isBlank()) {
        outputs.add(ERROR.matcher(came).find() ? came : "");
      } else {
        outputs.add(FOOTER.matcher(shown).find() ? came : FOOTER.matcher(came).replaceAll(""));
      }
    }
    return outputs;
  }
}
