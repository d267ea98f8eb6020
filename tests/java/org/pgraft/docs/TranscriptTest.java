package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** How what came is compared with what a page shows. */
final class TranscriptTest {
  private static List<Transcript> read(String text) {
    return Transcript.of(new Document.Block("page.md", 1, "console", List.of(), text.lines().toList()),
        Transcript.Prompt.read("app@web:/srv"));
  }

  private static boolean same(String shown, String came, String... varying) {
    return read("postgres@db1:~$ true\n" + shown).get(0).matches(came, List.of(varying));
  }

  @Test
  void when_a_block_is_read_then_prompts_tell_who_types_what_where() {
    List<Transcript> steps = read("""
        postgres@db1:~$ cat >file <<'END'
        > one
        >
        > END
        root@db2:/usr/src/pgraft# make
        built
        $ date
        """);
    assertEquals(new Transcript("app", "web", "/srv", "date", List.of(), 7), steps.get(2));
    assertEquals(new Transcript("postgres", "db1", "~", "cat >file <<'END'\none\n\nEND", List.of(), 4), steps.get(0));
    assertEquals(new Transcript("root", "db2", "/usr/src/pgraft", "make", List.of("built"), 5), steps.get(1));
    assertThrows(IllegalStateException.class, () -> read("no prompt"));
  }

  @Test
  void when_another_output_comes_then_it_is_not_what_is_shown() {
    assertTrue(same(" one\n-----\n t\n(1 row)\n", " one\n-------\n t\n(1 row)\n\n"));
    assertFalse(same(" one\n-----\n t\n(1 row)\n", " one\n-----\n f\n(1 row)\n"));
    assertFalse(same("one\n", "one\ntwo\n"), "more came");
    assertFalse(same("one\ntwo\n", "one\n"), "less came");
    assertFalse(same("", "ERROR:  no\n"), "something came where nothing is shown");
    assertFalse(same("one\n", ""));
    assertFalse(same("a.c\n", "abc\n"), "nothing in it is a pattern");
  }

  @Test
  void when_numbers_are_said_to_vary_then_only_these_may() {
    assertTrue(same("killed n1 (postmaster 295)\n", "killed n1 (postmaster 31337)\n", "295"));
    assertFalse(same("killed n1 (postmaster 295)\n", "killed n2 (postmaster 31337)\n", "295"));
    assertFalse(same("killed n1 (postmaster 295)\n", "killed n1 (postmaster )\n", "295"));
    assertFalse(same("1295\n", "1300\n", "295"), "a part of a number is none");
    assertTrue(same("leader  2  n1  6\n", "leader 3 n1 17\n", "2  n1  6"));
    assertFalse(same("leader  2  n1  6\n", "leader 3 n2 17\n", "2  n1  6"), "names stay");
    assertTrue(same("the leader is n2\n", "the leader is n3\n", "n2"));
    assertTrue(same("f3a1f3a1f3a1f3a1\n", "00aa00aa00aa00aa\n", "f3a1f3a1f3a1f3a1"));
    assertFalse(same("f3a1f3a1f3a1f3a1\n", "00aa\n", "f3a1f3a1f3a1f3a1"));
  }

  @Test
  void when_something_is_left_out_then_the_rest_is_compared() {
    assertTrue(same("begin\n…\nend\n", "begin\nmuch\nmore\nend\n"));
    assertTrue(same("begin\n…\n", "begin\nmuch\n"));
    assertFalse(same("begin\n…\nend\n", "begin\nmuch\nmore\n"));
    assertTrue(same("made … by me\n", "made 3 nodes by me\n"));
    assertFalse(same("made … by me\n", "made 3 nodes by you\n"));
  }
}
