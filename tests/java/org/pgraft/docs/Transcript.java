package org.pgraft.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A block of a terminal, read as what was typed and what came:
 *
 * <pre>
 * postgres@db1:~$ psql -c 'SELECT 1 AS one'
 *  one
 * -----
 *    1
 * (1 row)
 * </pre>
 *
 * <p>The prompt says who typed it on which machine in which directory, and "$ " alone that it was who types the block; a line
 * that begins with "&gt; " continues the command. A block of a shell, without prompts, is one command, of which nothing is shown. What came has to come again, but for the width of blanks and rules, for what "…" stands for (the rest of a line;
 * on a line of its own, any lines), and for what a note before the block says: {@code <!-- varies: 1204; 2.42 -->} lists
 * texts whose numbers are others each time (of names such as n3 only where they stand for themselves). {@code <!-- until -->} repeats commands until they give what is shown: for
 * questions about what comes in a moment. {@code <!-- also on: db2 db3 -->} runs the block on these machines as well.
 *
 * @param user who typed the command
 * @param machine where
 * @param directory in which directory
 * @param command the command
 * @param shown what is said to come
 * @param first index of the first line of what is shown, in the block
 */
record Transcript(String user, String machine, String directory, String command, List<String> shown, int first) {
  private static final Pattern PROMPT = Pattern.compile("(?:([a-z]+@[a-z0-9]+:\\S+)[#$]|\\$) (.*)");

  /** Who types where. */
  record Prompt(String user, String machine, String directory) {
    /** From the form of a prompt, {@code root@db1:/srv}. */
    static Prompt read(String text) {
      String[] parts = text.split("[@:]", 3);
      return new Prompt(parts[0], parts[1], parts[2]);
    }

    Transcript types(String command, List<String> shown, int first) {
      return new Transcript(user, machine, directory, command, List.copyOf(shown), first);
    }
  }

  /** Whether a line is one that is typed. */
  static boolean isTyped(String line) {
    return PROMPT.matcher(line).matches();
  }

  /**
   * The commands of a block.
   *
   * @param somebody who types what has no prompt of its own
   */
  static List<Transcript> of(Document.Block block, Prompt somebody) {
    List<Transcript> steps = new ArrayList<>();
    List<String> lines = block.lines();
    if (block.language().equals("sh")) {
      return List.of(somebody.types(block.text(), List.of(), lines.size()));
    }
    int i = 0;
    while (i < lines.size()) {
      Matcher prompt = PROMPT.matcher(lines.get(i));
      if (!prompt.matches()) {
        throw new IllegalStateException(block.where() + ": a terminal's block begins with a prompt, not with: " + lines.get(i));
      }
      StringBuilder command = new StringBuilder(prompt.group(2));
      i++;
      while (i < lines.size() && lines.get(i).matches(">( .*)?")) {
        command.append('\n').append(lines.get(i).replaceFirst("> ?", ""));
        i++;
      }
      int first = i;
      while (i < lines.size() && !PROMPT.matcher(lines.get(i)).matches()) {
        i++;
      }
      Prompt typing = prompt.group(1) == null ? somebody : Prompt.read(prompt.group(1));
      steps.add(typing.types(command.toString(), lines.subList(first, i), first));
    }
    return steps;
  }

  /** The same command on another machine. */
  Transcript on(String other) {
    return new Transcript(user, other, directory, command, shown, first);
  }

  /** The same place, and another command. */
  Transcript typing(String other) {
    return new Transcript(user, machine, directory, other, shown, first);
  }

  /** Whether an output is what is shown. */
  boolean matches(String output, List<String> varying) {
    StringBuilder pattern = new StringBuilder();
    for (String line : withoutEnd(shown)) {
      pattern.append(line.equals("…") ? "(?:.*\n)*" : line(line, varying) + "\n");
    }
    StringBuilder text = new StringBuilder();
    for (String line : withoutEnd(output.lines().toList())) {
      text.append(line).append('\n');
    }
    return Pattern.matches(pattern.toString(), text.toString());
  }

  /** The lines in their normal form, without empty ones at the end. */
  private static List<String> withoutEnd(List<String> lines) {
    List<String> normal = new ArrayList<>(lines.stream().map(Transcript::normal).toList());
    while (!normal.isEmpty() && normal.get(normal.size() - 1).isEmpty()) {
      normal.remove(normal.size() - 1);
    }
    return normal;
  }

  /** A line as a pattern: what varies keeps its form. */
  private static String line(String line, List<String> varying) {
    for (String text : varying) {
      Matcher found = Pattern.compile("(?<![0-9])" + Pattern.quote(normal(text)) + "(?![0-9])").matcher(line);
      if (found.find()) {
        return line(line.substring(0, found.start()), varying) + form(found.group()) + line(line.substring(found.end()), varying);
      }
    }
    List<String> parts = new ArrayList<>();
    for (String part : line.split("…", -1)) {
      parts.add(part.isEmpty() ? "" : Pattern.quote(part));
    }
    return String.join(".*", parts);
  }

  private static String form(String text) {
    if (text.matches("[0-9a-f]{16,}")) {
      return "[0-9a-f]{" + text.length() + "}";
    }
    if (text.matches("[a-z]+[0-9]+")) {
      return text.replaceAll("[0-9]+", "[0-9]+");
    }
    StringBuilder form = new StringBuilder();
    Matcher part = Pattern.compile("[0-9]+|[A-Za-z]\\w*|\\W+|_").matcher(text);
    while (part.find()) {
      form.append(Character.isDigit(part.group().charAt(0)) ? "[0-9]+" : Pattern.quote(part.group()));
    }
    return form.toString();
  }

  private static String normal(String line) {
    return line.strip().replaceAll("-{2,}", "--").replaceAll("\\s+", " ");
  }
}
