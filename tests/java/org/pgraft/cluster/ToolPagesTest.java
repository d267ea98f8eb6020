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
        List.of("--dir", "/a", "--dsn", "host=b", "list"), List.of("--dsn", "host=a", "--dsn", "host=b", "list"),
        List.of("--timeout", "0", "list"), List.of("--dsn", "host=b", "start"), List.of("--dir", directory + "/nowhere", "list"))) {
      Output output = new Tool().run(call.toArray(String[]::new));
      assertEquals(2, output.status(), () -> call + ": " + output.text());
      assertTrue(output.text().contains("  HINT: "), output.text());
    }
    assertTrue(new Tool().error(2, ".hint", "--dir", directory + "/nowhere", "list").contains("pgraft_cluster init"));
  }

  @Test
  void when_two_servers_are_one_node_then_the_doctor_says_so_and_examines_both() {
    assertEquals(List.of("the server of --dsn number 2 is n1, as is the server of --dsn number 1",
        "  Give each its own pgraft.name or pgraft.node_id, and a directory of its own",
        "n1 is asked by host=a", "the server of --dsn number 2 is asked by host=b"), doctor("""
        quick() {
        	case ${DSN_OF[$1]}:$2 in
        		*node_id*) echo n1 ;;
        		host=b:*start_time*) echo 2.5 ;;
        		*start_time*) echo 1.5 ;;
        	esac
        }
        DSNS=(host=a host=b host=other-address-of-a)
        name_servers
        for node in "${SERVERS[@]}"; do echo "$node is asked by ${DSN_OF[$node]}"; done
        """));
  }

  @Test
  void when_a_server_goes_down_while_the_doctor_asks_then_the_next_one_tells_the_members() {
    assertEquals(List.of("n1 does not answer at 127.0.0.1:1", "  See that its server runs, and that this machine may reach that port"),
        doctor("""
            quick() {
            	[ "$1" != n1 ] || return 1
            	case $1:$2 in
            		*pgraft_node_status*) echo "${1#n}" ;;
            		n2:*pgraft_members*) ;;
            		n3:*pgraft_members*) printf '%s\\n' '1|127.0.0.1|1' '2|127.0.0.1|1' '3|127.0.0.1|1' ;;
            	esac
            }
            examine_reach n1 n2 n3
            """));
  }

  @Test
  void when_a_worker_does_not_run_then_what_it_said_is_the_reason_only_where_it_tells_of_that() {
    assertEquals(List.of("n1: the worker is ERROR", "  what it said", "n2: the worker is UNKNOWN", "  See the server's log",
        "n3: what it said", "  What was in use before stays in use. Mend it, and reload: SELECT pg_reload_conf()"), doctor("""
        quick() {
        	case $1:$2 in
        		*shared_preload_libraries*) echo pgraft ;;
        		*default_version*) echo t ;;
        		n1:*worker_state*) echo ERROR ;;
        		n2:*worker_state*) echo UNKNOWN ;;
        		n3:*worker_state*) echo RUNNING ;;
        		*metrics_state*) echo off ;;
        		*message*) echo 'what it said' ;;
        	esac
        }
        DSN=host=a
        for node in n1 n2 n3; do examine_server "$node" || true; done
        """));
  }

  @Test
  void when_elections_take_long_then_the_doctor_waits_longer_for_one() {
    assertEquals(List.of("5", "30"), doctor("""
        quick() { [ "$1" != n1 ] && echo "${1#n}"; }
        patience_for n1 n2
        patience_for n1 n2 n30 n4
        """));
  }

  @Test
  void when_nobody_can_be_asked_whether_to_destroy_then_nothing_is_destroyed_without_yes() throws Exception {
    Path cluster = Files.createDirectory(directory.resolve("kept"));
    Files.writeString(cluster.resolve("cluster.conf"), "bindir=/nowhere\nuser=" + System.getProperty("user.name") + "\nsockets="
        + cluster + "/run\nnode=n1 5433 7001\n");
    Tool tool = Tool.in(cluster);
    assertTrue(tool.error(2, ".hint", "destroy").contains("--yes"));
    assertTrue(Files.exists(cluster.resolve("cluster.conf")));
    tool.text("destroy", "--yes");
    assertFalse(Files.exists(cluster));
  }

  private static String script(String name) {
    return Path.of("scripts", name).toAbsolutePath().toString();
  }

  /** What the functions of the doctor print, with a quick() that answers in the servers' place. */
  private static List<String> doctor(String script) {
    return Command.run(List.of("bash", "-euo", "pipefail", "-c", """
        . "$1"
        FORMAT=table YELLOW= PLAIN= WHERE_PGRAFT_IS=schema
        declare -A DSN_OF=() SCHEMA_OF=()
        """ + script, "bash", script("cluster_doctor.sh"))).orFail("doctor").text().lines().toList();
  }

  @Test
  void when_a_script_is_called_wrongly_then_it_says_how_to_go_on() {
    Output lost = Command.run(List.of(script("pgraft_certificates"), "--dir", directory.toString(), "list"));
    assertNotEquals(0, lost.status());
    assertTrue(lost.text().contains("or name its directory by --dir"), lost.text());
    String help = Command.run(List.of(script("packages"), "--help")).orFail("packages --help").text();
    assertTrue(help.contains("--tests") && help.contains("--dry-run"), help);
    assertTrue(Command.run(List.of(script("packages"), "--nonsense")).text().contains("packages --help"));
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
