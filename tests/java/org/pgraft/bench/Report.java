package org.pgraft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Collectors;

/** The table and what belongs to it, printed, kept beside the build, and put into the documentation when asked for. */
final class Report {
  private static final Path DOCUMENT = Path.of("docs/performance.md");
  private static final Path PICTURES = Path.of("docs/images");
  private static final String BEGIN = "<!-- what make bench WRITE_DOCS=1 writes -->\n";
  private static final String END = "<!-- up to here -->\n";
  private static final String HEAD = """
      | What | Target | pgraft | Compared with | Ratio | Reached |
      |---|---|---|---|---|---|
      """;

  private Report() {}

  /** Where the report and the curves are kept. */
  static Path directory() {
    return Path.of(System.getProperty("pgraft.bench.output", "target/bench"));
  }

  static String line(Row row) {
    String reached = row.reached() == null ? "" : row.reached() ? "yes" : "**no**";
    return "| " + String.join(" | ", row.what(), row.target(), row.ours(), row.other(), row.ratio(), reached) + " |";
  }

  /** Writes it all; {@code machine} is where it was measured. */
  static void write(
      List<Row> rows, String machine, double fsyncsPerSecond, Options options, List<Curve> curves, List<Plot> plots)
      throws IOException, InterruptedException {
    String text = machine + " One after the other, " + Row.figure(fsyncsPerSecond)
        + " blocks of 4 kB a second can be appended and fsynced. Medians of " + options.repetitions() + " runs of "
        + Row.figure(options.seconds()) + " s each that took turns.\n\n"
        + (rows.isEmpty() ? "" : HEAD + rows.stream().map(row -> line(row) + "\n").collect(Collectors.joining()))
        + curves.stream().map(curve -> "\n" + curve.table()).collect(Collectors.joining());
    System.out.println("\n" + text);
    Files.createDirectories(directory());
    Files.writeString(directory().resolve("report.md"), text);
    boolean drawn = true;
    for (Plot plot : plots) {
      drawn = drawn && plot.draw(directory());
    }
    System.out.println("the report is in " + directory().toAbsolutePath());
    if (Boolean.getBoolean("pgraft.bench.docs")) {
      StringBuilder pictures = new StringBuilder();
      for (Plot plot : drawn ? plots : List.<Plot>of()) {
        Files.createDirectories(PICTURES);
        Files.copy(directory().resolve(plot.file()), PICTURES.resolve(plot.file()), StandardCopyOption.REPLACE_EXISTING);
        pictures.append("\n![").append(plot.what()).append(" by ").append(plot.axis()).append("](images/").append(plot.file())
            .append(")\n");
      }
      intoDocument(text + pictures);
    }
  }

  private static void intoDocument(String text) throws IOException {
    String document = Files.readString(DOCUMENT);
    int begin = document.indexOf(BEGIN);
    int end = document.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalStateException(DOCUMENT + " has no place for the table");
    }
    Files.writeString(DOCUMENT,
        document.substring(0, begin + BEGIN.length()) + "\n" + text + "\n" + document.substring(end));
  }
}
