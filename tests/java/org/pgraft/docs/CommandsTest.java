package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every block of commands is typed by a test. Where it is not typed as it stands, a note before it says what else runs the same
 * ("run by"), or why nothing does ("not run").
 */
final class CommandsTest {
  private static final Pattern COMMAND = Pattern.compile(
      "(?:sudo )?(?:make|git|psql|pgraft_\\w+|scripts/\\S+|apt|systemctl|docker|curl|cp|install|SELECT|CREATE|ALTER|GRANT|SET) .*");

  /** Blocks with a note "not run"; whoever adds one raises this, and has a reason. */
  private static final int NOT_RUN = 5;

  private static List<String> each(Function<Document.Block, String> judge) {
    List<String> wrong = new ArrayList<>();
    for (Document page : Document.all()) {
      for (Document.Block block : page.blocks()) {
        String judgement = judge.apply(block);
        if (judgement != null) {
          wrong.add(block.where() + ": " + judgement);
        }
      }
    }
    return wrong;
  }

  @Test
  void when_a_block_is_of_commands_then_a_test_types_it_or_a_note_says_what_is_instead() {
    assertEquals(List.of(), each(block -> {
      boolean excused = block.has("run by") || block.has("not run");
      if (Commands.TYPED.contains(block.language())) {
        return excused || Commands.typist(block) != null ? null : "no test types it";
      }
      if (!Commands.OTHERS.contains(block.language())) {
        return "says neither that it is typed " + Commands.TYPED + " nor that it is not " + Commands.OTHERS;
      }
      boolean typed = block.lines().stream().anyMatch(
          line -> Transcript.isTyped(line) || SqlSession.isTyped(line) || COMMAND.matcher(line).matches());
      return typed && !excused ? "looks like commands, but says that it is none" : null;
    }));
  }

  @Test
  void when_something_else_runs_a_block_then_it_is_there_and_when_nothing_does_then_there_is_a_reason() throws IOException {
    Set<String> classes;
    try (Stream<Path> all = Files.walk(Path.of("tests/java"))) {
      classes = all.map(path -> path.getFileName().toString().replace(".java", "")).collect(Collectors.toSet());
    }
    assertEquals(List.of(), each(block -> Stream.concat(
        block.notes("run by").stream().flatMap(names -> Stream.of(names.split(", ")))
            .filter(name -> !classes.contains(name) && !Files.isExecutable(Path.of(name))).map(name -> name + " is not there"),
        block.notes("not run").stream().filter(why -> why.split(" ").length < 3).map(why -> "no reason: " + why))
        .findFirst().orElse(null)));
    assertEquals(NOT_RUN, each(block -> block.has("not run") ? "not run" : null).size());
  }

  @Test
  void when_the_pages_are_typed_then_each_test_has_blocks_to_type() {
    for (Class<?> typist : List.of(TutorialTest.class, SqlPagesTest.class, MachinePagesTest.class)) {
      assertTrue(Document.all().stream().mapToInt(page -> Commands.of(page, typist).size()).sum() >= 5, typist.getSimpleName());
    }
  }
}
