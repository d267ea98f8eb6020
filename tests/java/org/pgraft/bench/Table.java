package org.pgraft.bench;

import java.util.List;
import java.util.stream.Collectors;

/** The table as Markdown. */
final class Table {
  private static final String HEAD = """
      | What | Target | pgraft | Compared with | Ratio | Reached |
      |---|---|---|---|---|---|
      """;

  private Table() {}

  static String line(Row row) {
    String reached = row.reached() == null ? "" : row.reached() ? "yes" : "**no**";
    return "| " + String.join(" | ", row.what(), row.target(), row.ours(), row.other(), row.ratio(), reached) + " |";
  }

  static String of(List<Row> rows) {
    return HEAD + rows.stream().map(row -> line(row) + "\n").collect(Collectors.joining());
  }
}
