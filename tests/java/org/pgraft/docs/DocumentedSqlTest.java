package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;

/**
 * The SQL of the documentation, by a server: every statement, also in the middle of a line, is parsed and described, but not
 * carried out, which {@link SqlPagesTest} and {@link MachinePagesTest} do with blocks; settings are set with their values;
 * functions, views and settings have to be in the catalog.
 */
@Tag("cluster")
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class DocumentedSqlTest {
  private static final Pattern IN_A_LINE = Pattern.compile("`((?:SELECT|GRANT|CREATE EXTENSION|ALTER EXTENSION|SET) [^`]*)`");
  private static final Pattern SETTING = Pattern.compile("(?m)^(pgraft\\.\\w+) *= *('[^']*'|\\S+)");
  private static final Pattern NAME = Pattern.compile("(?<![\\w./])pgraft\\.([a-z]\\w*)");
  private static final Pattern FUNCTION = Pattern.compile("\\b(pgraft_[a-z_]+)(?=\\()");

  /** What is named like a setting and is a file. */
  private static final Set<String> FILES = Set.of("so", "jsa", "jar", "crt", "key", "conf", "control", "identity", "classlist");

  private static final Transcript.Prompt NOBODY = new Transcript.Prompt("nobody", "nowhere", "/");

  private static TestCluster cluster;
  private static Session session;
  private static Connection describing;

  @BeforeAll
  static void startServer() throws Exception {
    cluster = TestCluster.started(1);
    session = cluster.node(1).connect();
    // the tests' own sessions send text only, and nothing is described then
    describing = DriverManager.getConnection("jdbc:postgresql://" + cluster.node(1).host().clientAddress() + "/postgres", "postgres", "");
    // what the examples speak of
    session.run("CREATE ROLE app");
    session.run("CREATE TABLE report (body text, written_by bigint NOT NULL DEFAULT 0)");
    session.run("CREATE TABLE keys (key bytea, value bytea)");
  }

  @AfterAll
  static void stopServer() throws SQLException {
    if (describing != null) {
      describing.close();
    }
    if (session != null) {
      session.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void when_a_statement_is_shown_then_a_server_understands_it() {
    List<String> wrong = new ArrayList<>();
    int understood = 0;
    for (Document page : Document.all()) {
      for (Document.Block block : page.blocks()) {
        for (String statement : statements(block)) {
          understood += understands(block.where(), statement, wrong);
        }
      }
      for (MatchResult shown : IN_A_LINE.matcher(String.join("\n", page.prose())).results().toList()) {
        // … and words in capitals that are no keywords stand for something
        if (!shown.group(1).matches("(?s).*(…|_ID|\\$).*")) {
          understood += understands(page.path().toString(), shown.group(1), wrong);
        }
      }
    }
    assertEquals(List.of(), wrong, "the server does not understand");
    assertTrue(understood > 40, "statements are found: " + understood);
  }

  /** Those of a block, with a number for what is a variable of psql. */
  private static List<String> statements(Document.Block block) {
    if (!SqlSession.isOne(block)) {
      return List.of();
    }
    return SqlSession.of(block, NOBODY).stream().map(Transcript::command).filter(command -> !command.startsWith("\\"))
        .map(command -> command.replaceFirst(" \\\\g(set|x)$", ";").replaceAll("(?<!:):[a-z]+", "0")).toList();
  }

  private static int understands(String where, String statement, List<String> wrong) {
    if (statement.replaceAll("--.*", "").isBlank()) {
      return 0;
    }
    try (PreparedStatement prepared = describing.prepareStatement(statement)) {
      prepared.getMetaData();
    } catch (SQLException e) {
      wrong.add(where + ": " + statement.strip() + ": " + e.getMessage());
    }
    return 1;
  }

  @Test
  void when_a_setting_is_shown_with_a_value_then_a_server_takes_it() {
    List<String> wrong = new ArrayList<>();
    int taken = 0;
    for (Document page : Document.all()) {
      for (Document.Block block : page.blocks()) {
        for (MatchResult line : SETTING.matcher(block.text().replaceAll("(?m)^> ", "")).results().toList()) {
          taken++;
          try (Statement statement = session.connection().createStatement()) {
            statement.execute("ALTER SYSTEM SET " + line.group(1) + " = " + line.group(2));
            statement.execute("ALTER SYSTEM RESET " + line.group(1));
          } catch (SQLException e) {
            wrong.add(block.where() + ": " + line.group() + ": " + e.getMessage());
          }
        }
      }
    }
    assertEquals(List.of(), wrong, "the server does not take");
    assertTrue(taken > 40, "settings are found: " + taken);
  }

  @Test
  void when_a_function_a_view_or_a_setting_is_named_then_the_catalog_has_it() throws SQLException {
    Set<String> functions = column("SELECT proname FROM pg_proc WHERE proname LIKE 'pgraft%'");
    Set<String> others = column("SELECT substr(name, 8) FROM pg_settings WHERE name LIKE 'pgraft.%' "
        + "UNION SELECT relname FROM pg_class WHERE relnamespace = 'pgraft'::regnamespace");
    Set<String> missing = new HashSet<>();
    for (Document page : Document.all()) {
      String text = String.join("\n", page.lines());
      FUNCTION.matcher(text).results().map(MatchResult::group).filter(name -> !functions.contains(name))
          .forEach(name -> missing.add(page.path() + ": " + name));
      NAME.matcher(text).results().map(name -> name.group(1)).filter(name -> !others.contains(name) && !FILES.contains(name))
          .filter(name -> !name.endsWith("_") || others.stream().noneMatch(other -> other.startsWith(name)))
          .forEach(name -> missing.add(page.path() + ": pgraft." + name));
    }
    assertEquals(Set.of(), missing, "named, and not there");
  }

  @Test
  void when_the_catalog_has_a_function_or_a_setting_then_its_page_names_it() throws SQLException {
    // what locks and elections share is called by them alone
    for (Map.Entry<String, String> page : Map.of(
        "docs/sql-reference.md",
        "SELECT DISTINCT proname FROM pg_proc WHERE proname LIKE 'pgraft%' AND proname NOT LIKE 'pgraft\\_queue\\_%'",
        "docs/configuration.md", "SELECT name FROM pg_settings WHERE name LIKE 'pgraft.%'").entrySet()) {
      String text = String.join("\n", Document.read(Path.of(page.getKey())).lines());
      List<String> missing = column(page.getValue()).stream().filter(name -> !text.contains(name)).sorted().toList();
      assertEquals(List.of(), missing, page.getKey() + " does not name");
    }
  }

  private static Set<String> column(String sql) throws SQLException {
    Set<String> names = new HashSet<>();
    session.rows(sql).forEach(row -> names.add(row.get(0)));
    assertTrue(names.size() > 10, sql);
    return names;
  }
}
