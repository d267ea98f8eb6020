package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The links of README.md and of docs. Pages of other sites are not asked for. */
final class LinksTest {
  @Test
  void when_a_link_is_followed_then_the_file_and_the_heading_are_there() {
    List<String> broken = new ArrayList<>();
    int looked = 0;
    for (Document page : Document.all()) {
      for (Document.Link link : page.links()) {
        if (link.target().matches("[a-z]+:.*")) {
          continue;
        }
        looked++;
        if (!leadsSomewhere(page, link.target())) {
          broken.add(page.path() + ":" + link.line() + ": " + link.target());
        }
      }
    }
    assertEquals(List.of(), broken, "links that lead nowhere");
    assertTrue(looked > 120, "links are found: " + looked);
  }

  @Test
  void when_a_reader_begins_at_the_index_then_every_page_and_picture_is_reached() {
    Set<Path> reached = new HashSet<>();
    Deque<Path> open = new ArrayDeque<>(List.of(Path.of("docs/index.md")));
    while (!open.isEmpty()) {
      Path path = open.remove();
      if (reached.add(path) && path.toString().endsWith(".md")) {
        for (Document.Link link : Document.read(path).links()) {
          String file = link.target().replaceFirst("#.*", "");
          if (!file.isEmpty() && !file.contains(":")) {
            open.add(path.resolveSibling(file).normalize());
          }
        }
      }
    }
    List<Path> lost = new ArrayList<>();
    for (Document page : Document.all()) {
      if (!reached.contains(page.path()) && !page.path().equals(Path.of("README.md"))) {
        lost.add(page.path());
      }
    }
    for (Path picture : pictures()) {
      if (!reached.contains(picture)) {
        lost.add(picture);
      }
    }
    assertEquals(List.of(), lost, "nothing leads to these");
  }

  @Test
  void when_the_site_is_laid_out_then_its_menu_has_every_page() throws IOException {
    List<String> menu = Files.readAllLines(Path.of("mkdocs.yml")).stream().filter(line -> line.endsWith(".md"))
        .map(line -> line.replaceFirst(".*[ ]", "")).sorted().toList();
    List<String> pages = Document.all().stream().map(Document::path).filter(path -> path.startsWith("docs"))
        .map(path -> Path.of("docs").relativize(path).toString()).sorted().toList();
    assertEquals(pages, menu);
  }

  private static List<Path> pictures() {
    try (Stream<Path> files = Files.list(Path.of("docs/images"))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read docs/images", e);
    }
  }

  private static boolean leadsSomewhere(Document page, String target) {
    String[] parts = target.split("#", 2);
    Path file = parts[0].isEmpty() ? page.path()
        : (page.path().getParent() == null ? Path.of(parts[0]) : page.path().resolveSibling(parts[0])).normalize();
    if (!Files.exists(file)) {
      return false;
    }
    return parts.length == 1 || Document.read(file).anchors().contains(parts[1]);
  }
}
