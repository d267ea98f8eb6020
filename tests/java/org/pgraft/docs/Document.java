package org.pgraft.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One page of the documentation, as far as the tests look into Markdown: fenced blocks, headings, links.
 *
 * @param path where it is, from the top of the sources
 * @param lines its text
 * @param blocks its fenced blocks, in order
 */
record Document(Path path, List<String> lines, List<Block> blocks) {
  private static final Pattern FENCE = Pattern.compile("( *)```(\\w*)");
  private static final Pattern NOTE = Pattern.compile(" *<!-- ([a-z][a-z ]*)(?:: (.*))? -->");
  private static final Pattern HEADING = Pattern.compile("#{1,6} (.*)");
  private static final Pattern LINK = Pattern.compile("!?\\[[^\\]]*]\\(([^)\\s]+)\\)");

  /**
   * A word to the tests about the block that follows; readers do not see it.
   *
   * @param name what it says
   * @param text its argument, or empty
   */
  record Note(String name, String text) {}

  /**
   * A fenced block.
   *
   * @param page the file's name
   * @param line the number of its first line of text, from 1
   * @param language what the fence says, or empty
   * @param notes the comments directly before it
   * @param lines its text, without the fence's indentation
   */
  record Block(String page, int line, String language, List<Note> notes, List<String> lines) {
    /** The arguments of all notes of that name. */
    List<String> notes(String name) {
      return notes.stream().filter(note -> note.name().equals(name)).map(Note::text).toList();
    }

    boolean has(String note) {
      return !notes(note).isEmpty();
    }

    String text() {
      return String.join("\n", lines);
    }

    String where() {
      return page + ":" + line;
    }
  }

  /**
   * A link.
   *
   * @param line the number of its line, from 1
   * @param target where it leads
   */
  record Link(int line, String target) {}

  static Document read(Path path) {
    try {
      List<String> lines = Files.readAllLines(path);
      return new Document(path, lines, blocks(path.toString(), lines));
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + path, e);
    }
  }

  /** README.md and everything in docs. */
  static List<Document> all() {
    try (Stream<Path> files = Files.walk(Path.of("docs"))) {
      return Stream.concat(Stream.of(Path.of("README.md")), files.filter(file -> file.toString().endsWith(".md")).sorted())
          .map(Document::read).toList();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read docs", e);
    }
  }

  private static List<Block> blocks(String page, List<String> lines) {
    List<Block> blocks = new ArrayList<>();
    List<Note> notes = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      Matcher note = NOTE.matcher(lines.get(i));
      Matcher fence = FENCE.matcher(lines.get(i));
      if (note.matches()) {
        notes.add(new Note(note.group(1), note.group(2) == null ? "" : note.group(2)));
      } else if (fence.matches()) {
        int first = i + 1;
        List<String> text = new ArrayList<>();
        String indentation = fence.group(1);
        for (i = first; !lines.get(i).equals(indentation + "```"); i++) {
          text.add(lines.get(i).startsWith(indentation) ? lines.get(i).substring(indentation.length()) : lines.get(i));
        }
        blocks.add(new Block(page, first + 1, fence.group(2), List.copyOf(notes), text));
        notes.clear();
      } else if (!lines.get(i).isBlank()) {
        notes.clear();
      }
    }
    return blocks;
  }

  /** The lines outside of fenced blocks; the others are empty. */
  List<String> prose() {
    List<String> prose = new ArrayList<>(lines);
    for (Block block : blocks) {
      for (int i = -1; i <= block.lines().size(); i++) {
        prose.set(block.line() - 1 + i, "");
      }
    }
    return prose;
  }

  /** The names by which links lead to the headings, as GitHub makes them. */
  Set<String> anchors() {
    Set<String> anchors = new LinkedHashSet<>();
    for (String line : prose()) {
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        String text = heading.group(1).replaceAll("\\[([^\\]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT);
        String anchor = text.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
        String unique = anchor;
        for (int i = 1; !anchors.add(unique); i++) {
          unique = anchor + "-" + i;
        }
      }
    }
    return anchors;
  }

  /** The links of the text; what looks like one in code is none. */
  List<Link> links() {
    List<Link> links = new ArrayList<>();
    String text = prose().stream().map(line -> line.replaceAll("`[^`\\]]*`", "code")).collect(Collectors.joining("\n"));
    Matcher link = LINK.matcher(text);
    while (link.find()) {
      links.add(new Link((int) text.substring(0, link.start()).chars().filter(c -> c == '\n').count() + 1, link.group(1)));
    }
    return links;
  }
}
