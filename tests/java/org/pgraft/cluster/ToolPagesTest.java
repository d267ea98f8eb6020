package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What surrounds {@code pgraft_cluster}: its help, completion, page of the manual and installation. No server runs. */
final class ToolPagesTest {
  private static final Path COMPLETION = Path.of("scripts/completion/pgraft_cluster.bash").toAbsolutePath();

  @TempDir
  Path directory;

  @Test
  void when_help_names_a_command_then_completion_and_manual_know_it() throws Exception {
    String help = new Tool().text("help");
    Set<String> commands = found("(?m)^  ([a-z]+)(?= |$)", help);
    assertTrue(commands.containsAll(List.of("init", "list", "snapshot", "help")), commands::toString);

    String manual = Files.readString(Path.of("docs/man/pgraft_cluster.1"));
    assertEquals(commands, found("(?m)^(?:\\.It (?:Xo\n\\.)?Cm )([a-z]+)", manual), "the manual's commands are those of help");
    List<String> offered = new ArrayList<>(complete(""));
    offered.removeIf(word -> word.startsWith("-"));
    assertEquals(commands, new TreeSet<>(offered), "completion's commands are those of help");

    Set<String> parts = found("(?m)^  snapshot \\[?([a-z]+)", help);
    assertEquals(Set.of("take", "save", "verify", "restore"), parts);
    for (String part : parts) {
      assertTrue(complete("snapshot", "").contains(part), part);
      assertTrue(manual.contains(".It Cm snapshot " + part) || manual.contains(".It Cm snapshot Op Cm " + part), part);
    }

    Set<String> options = found("--([a-z-]+)", help);
    assertEquals(options, found("Fl -([a-z-]+)", manual.replace("Fl h , -help", "")), "the manual's options are those of help");
    Set<String> completed = new TreeSet<>();
    for (String command : commands) {
      completed.addAll(found("--([a-z-]+)", String.join(" ", complete(command, "-"))));
    }
    assertEquals(options, completed, "completion's options are those of help");
  }

  @Test
  void when_tab_is_pressed_then_what_can_stand_there_is_offered() throws Exception {
    Path cluster = Files.createDirectory(directory.resolve("cluster"));
    Files.writeString(cluster.resolve("cluster.conf"), "bindir=/nowhere\nnode=n1 5433 7001\nnode=n12 5434 7002\n");
    String dir = cluster.toString();

    assertEquals(List.of("start", "stop", "status"), complete("st"));
    assertEquals(List.of("table", "json"), complete("list", "--format", ""));
    assertEquals(List.of("fast", "immediate", "smart"), complete("stop", "--mode", ""));
    assertEquals(List.of("n1", "n12"), complete("--dir", dir, "stop", "n"));
    assertEquals(List.of("n12"), complete("--dir", dir, "replace", "n12"));
    assertEquals(List.of(), complete("--dir", dir, "replace", "n1", "n"), "one node is enough");
    assertEquals(List.of("n1", "n12"), complete("--dir", dir, "snapshot", "take", "n"));
    assertEquals(List.of(), complete("--dir", dir + "/nowhere", "stop", "n"));
    assertEquals(List.of("--nodes"), complete("snapshot", "restore", "/a/file", "--no"));
    assertEquals(List.of("list"), complete("--dsn", "stop", "li"), "the value of an option is no command");
    assertEquals(List.of(cluster.toString()), complete("--dir", directory + "/clus"));
    assertEquals(List.of(cluster + "/cluster.conf"), complete("snapshot", "save", dir + "/"));
  }

  @Test
  void when_the_call_is_wrong_then_the_status_is_two_and_the_error_says_what_to_do() {
    for (List<String> call : List.of(List.of("nonsense"), List.of("--nonsense"), List.of("--dir"), List.of("status", "--format", "yaml"),
        List.of("--dir", "/a", "--dsn", "host=b", "list"), List.of("--timeout", "0", "list"), List.of("--dsn", "host=b", "start"),
        List.of("--dir", directory + "/nowhere", "list"))) {
      Output output = new Tool().run(call.toArray(String[]::new));
      assertEquals(2, output.status(), () -> call + ": " + output.text());
      assertTrue(output.text().contains("  HINT: "), output.text());
    }
    assertTrue(new Tool().error(2, ".hint", "--dir", directory + "/nowhere", "list").contains("pgraft_cluster init"));
  }

  @Test
  void when_the_tools_are_installed_then_they_run_from_there_and_can_be_removed() throws Exception {
    make("install-tools");
    Path prefix = directory.resolve("usr");
    Output help = Command.run(List.of(prefix + "/bin/pgraft_cluster", "help"));
    assertEquals(new Tool().text("help"), help.orFail("help").text().strip());
    assertEquals(0, Command.run(List.of(prefix + "/bin/pgraft_certificates", "--dir", directory + "/c", "authority")).status());
    assertTrue(Files.exists(prefix.resolve("share/man/man1/pgraft_cluster.1")));
    assertTrue(Files.exists(prefix.resolve("share/man/man1/pgraft_certificates.1")));
    assertEquals(Files.readString(COMPLETION),
        Files.readString(prefix.resolve("share/bash-completion/completions/pgraft_cluster")));

    make("uninstall-tools");
    try (var left = Files.walk(prefix)) {
      assertFalse(left.anyMatch(path -> !Files.isDirectory(path)), "nothing is left");
    }
    assertNotEquals(0, Command.run(List.of("test", "-e", prefix + "/share/pgraft")).status());
  }

  private void make(String target) {
    // not with the variables of the make that runs this test
    Command.run(List.of("env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-C", Path.of("").toAbsolutePath().toString(), target,
        "DESTDIR=" + directory, "prefix=/usr")).orFail("make " + target);
  }

  /** What is offered for the last of the words behind the command's name. */
  private static List<String> complete(String... words) {
    List<String> command = new ArrayList<>(List.of("bash", "-c", """
        . "$1" || exit
        shift
        [ "$(complete -p pgraft_cluster)" = 'complete -F _pgraft_cluster pgraft_cluster' ] || exit
        COMP_WORDS=(pgraft_cluster "$@")
        COMP_CWORD=$#
        _pgraft_cluster
        printf '%s\\n' "${COMPREPLY[@]}"
        """, "bash", COMPLETION.toString()));
    command.addAll(Arrays.asList(words));
    return Command.run(command).orFail("completion").text().lines().filter(line -> !line.isEmpty()).toList();
  }

  private static Set<String> found(String pattern, String text) {
    Set<String> all = new TreeSet<>();
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    while (matcher.find()) {
      all.add(matcher.group(1));
    }
    return all;
  }
}
