package org.pgraft.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The version stands in three files, in two of them in a third form. */
final class ReleaseTest {
  @Test
  void when_aReleaseIsMade_then_allFilesNameTheSameVersion() throws IOException {
    final String version = first("pom.xml", "<artifactId>pgraft</artifactId>\\s*<version>([^<]+)</version>");
    assertEquals(version, first("pgraft.control", "default_version = '([^']+)'"));
    assertTrue(Files.exists(Path.of("sql/pgraft--1.0.sql")), "the script that every version begins with");
    assertTrue(Files.exists(Path.of("sql/pgraft--1.0--" + version + ".sql")));

    final String meta = Files.readString(Path.of("META.json"));
    final Matcher named = Pattern.compile("\"version\": \"([^\"]+)\"").matcher(meta.substring(0, meta.indexOf("meta-spec")));
    int count = 0;
    while (named.find()) {
      assertEquals(version + ".0", named.group(1), "PGXN wants three numbers");
      count++;
    }
    assertEquals(2, count, "of the distribution and of the extension");
    assertTrue(meta.contains("\"file\": \"sql/pgraft--1.0--" + version + ".sql\""));
  }

  private static String first(String file, String pattern) throws IOException {
    final Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(Path.of(file)));
    assertTrue(matcher.find(), file);
    return matcher.group(1);
  }
}
