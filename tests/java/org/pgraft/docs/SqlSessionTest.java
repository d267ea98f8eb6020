package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How SQL is read from a page, and how what came is divided among its statements. */
final class SqlSessionTest {
  private static List<Transcript> read(String language, String text) {
    return SqlSession.of(new Document.Block("page.md", 1, language, List.of(), text.lines().toList()),
        Transcript.Prompt.read("app@web:/srv"));
  }

  private static boolean same(String shown, String came) {
    List<Transcript> steps = read("psql", shown);
    return steps.get(0).matches(SqlSession.outputs(steps, came).get(0), List.of());
  }

  @Test
  void when_a_session_is_read_then_statements_go_on_to_their_semicolons() {
    List<Transcript> steps = read("psql", """
        =# SELECT 1, -- one;
                  2;  -- two
         1 | 2
        =# \\x
        =# SELECT 3 AS three \\gset
        => SELECT :three;
        """);
    assertEquals(List.of("SELECT 1, -- one;\n          2;  -- two", "\\x", "SELECT 3 AS three \\gset", "SELECT :three;"),
        steps.stream().map(Transcript::command).toList());
    assertEquals(List.of(" 1 | 2"), steps.get(0).shown());
    assertEquals(2, steps.get(0).first());
    assertThrows(IllegalStateException.class, () -> read("psql", "SELECT 1;\n"));
  }

  @Test
  void when_sql_has_no_prompts_then_nothing_is_shown() {
    List<Transcript> steps = read("sql", """
        -- why
        SELECT 1;   -- one
        SELECT 2,
               3;

        """);
    assertEquals("SELECT 1;   -- one|SELECT 2,\n       3;", steps.stream().map(Transcript::command)
        .map(String::strip).map(text -> text.replaceFirst("^-- why\n", "")).collect(Collectors.joining("|")));
    assertTrue(steps.stream().allMatch(step -> step.shown().isEmpty()));
  }

  @Test
  void when_something_else_comes_than_is_shown_then_it_is_told() {
    assertTrue(same("=# SELECT 1;\n 1\n---\n t\n", " 1\n---\n t\n(1 row)\n\n"), "the number of rows need not be shown");
    assertFalse(same("=# SELECT 1;\n 1\n---\n t\n(1 row)\n", " 1\n---\n t\n"), "but where it is, it has to come");
    assertFalse(same("=# SELECT 1;\n 1\n---\n t\n", " 1\n---\n f\n(1 row)\n\n"));
    assertTrue(same("=# SELECT 1;\n", " 1\n---\n f\n(1 row)\n\n"), "nothing is shown");
    assertFalse(same("=# SELECT 1;\n", "ERROR:  no\n"), "an error is not shown");
    assertTrue(same("=# SELECT 1;\nERROR:  no\n", "ERROR:  no\n"));
    assertFalse(same("=# SELECT 1;\nERROR:  no\n", ""), "no error came");
  }
}
