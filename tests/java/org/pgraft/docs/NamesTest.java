package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documentation tells to type, as far as the sources show whether it is there. */
final class NamesTest {
  /** In code within a line, or at a shell: the start of a line or what follows a prompt. */
  private static final String TYPED = "(?m)(?:`|^(?:\\S*[#$] )?(?:[A-Z_]+=\\S+ )*)";

  private static final Pattern MAKE = Pattern.compile(TYPED + "make((?: [A-Z_]+=(?:'[^']*'|[^\\s`]+))*)(?: ([a-z]\\w*))");
  private static final Pattern PATH = Pattern.compile("(?<![\\w./…-])(?:scripts|native|java|sql|tests|docs|\\.ci)/[\\w./*-]*[\\w*]");
  private static final Pattern TOOL = Pattern.compile("\\b(pgraft_cluster|pgraft_certificates)((?: --[a-z-]+ \\S+)*) ([a-z][a-z-]+)");

  @Test
  void when_make_is_to_be_called_then_the_verb_is_there() throws IOException {
    Set<String> verbs = Files.readAllLines(Path.of("Makefile")).stream().filter(line -> line.matches("[a-z]+:.*"))
        .map(line -> line.replaceFirst(":.*", "")).collect(Collectors.toSet());
    check(MAKE, 20, name -> verbs.contains(name.group(2)));
  }

  @Test
  void when_a_file_of_the_sources_is_named_then_it_is_there() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(Path.of(""))) {
      files = all.filter(path -> !path.startsWith("target") && !path.startsWith(".git")).toList();
    }
    check(PATH, 80, name -> {
      PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + name.group().replace("NAME", "*"));
      return files.stream().anyMatch(matcher::matches);
    });
  }

  @Test
  void when_a_tool_is_to_be_called_then_it_has_the_command() {
    check(TOOL, 20, name -> read(Path.of("scripts", name.group(1))).matches("(?s).*\n  " + name.group(3) + "\\s.*")
        || name.group(3).equals("help"));
  }

  @Test
  void when_a_call_has_options_then_they_are_there() {
    check(Pattern.compile(TYPED + "make [^`\n#]*"), 40, call -> {
      String makefile = read(Path.of("Makefile"));
      return Pattern.compile("\\b([A-Z_]+)=").matcher(call.group()).results()
          .allMatch(variable -> makefile.contains("$(" + variable.group(1) + ")"));
    });
    check(Pattern.compile("\\b(pgraft_cluster|pgraft_certificates) [^`\n|;&]*"), 40, call -> {
      String help = read(Path.of("scripts", call.group(1)));
      return Pattern.compile(" (--[a-z-]+)").matcher(call.group()).results().allMatch(option -> help.contains(option.group(1)));
    });
  }

  @Test
  void when_a_class_of_tests_is_named_then_it_is_there() throws IOException {
    Set<String> classes;
    try (Stream<Path> all = Files.walk(Path.of("tests/java"))) {
      classes = all.map(path -> path.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
    }
    check(Pattern.compile("(?<=[`=/,])([A-Z]\\w+Test)\\b"), 40, name -> classes.contains(name.group(1) + ".java"));
  }

  private static void check(Pattern pattern, int least, Predicate<MatchResult> there) {
    List<String> missing = new ArrayList<>();
    int found = 0;
    for (Document page : Document.all()) {
      String text = String.join("\n", page.lines());
      for (MatchResult name : pattern.matcher(text).results().toList()) {
        found++;
        if (!there.test(name)) {
          missing.add(page.path() + ":" + text.substring(0, name.start()).lines().count() + ": " + name.group().strip());
        }
      }
    }
    assertEquals(List.of(), missing, "named, and not there");
    assertTrue(found >= least, "found " + found);
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + path, e);
    }
  }
}
