package org.pgraft.consensus;

import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.pgraft.consensus.DiskUseTest.Sample;

/** Draws how the sizes of a node's directories went, as SVG. */
final class DiskUseCurve {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 320;
  private static final int LEFT = 60;
  private static final int BOTTOM = 40;
  private static final int TOP = 40;
  private static final int STEPS = 5;
  private static final double MEGA = 1e6;

  private final List<Sample> samples;
  private final double mostWritten;
  private final double mostKept;
  private final int entryBytes;

  private DiskUseCurve(List<Sample> samples, int entryBytes) {
    this.samples = samples;
    this.entryBytes = entryBytes;
    this.mostWritten = samples.get(samples.size() - 1).entries() * (entryBytes / MEGA);
    this.mostKept = samples.stream().mapToLong(s -> Math.max(s.log(), Math.max(s.store(), s.snapshots()))).max()
        .orElse(1) / MEGA * 1.1;
  }

  static String draw(List<Sample> samples, int entryBytes) {
    return new DiskUseCurve(samples, entryBytes).svg();
  }

  private String svg() {
    StringBuilder out = new StringBuilder();
    out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"").append(WIDTH).append("\" height=\"").append(HEIGHT)
        .append("\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    for (int i = 0; i <= STEPS; i++) {
      double megabytes = mostKept * i / STEPS;
      out.append(format("<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", LEFT, WIDTH - 20,
          y(megabytes), y(megabytes)));
      out.append(format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f MB</text>\n", LEFT - 6, y(megabytes) + 4,
          megabytes));
      double written = mostWritten * i / STEPS;
      out.append(format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f MB</text>\n", x(written),
          HEIGHT - BOTTOM + 18, written));
    }
    out.append(format("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">written</text>\n", WIDTH / 2, HEIGHT - 6));
    line(out, 0, "log", "#1f77b4", Sample::log);
    line(out, 1, "store", "#2ca02c", Sample::store);
    line(out, 2, "snapshots", "#d62728", Sample::snapshots);
    return out.append("</svg>\n").toString();
  }

  private void line(StringBuilder out, int number, String name, String colour, ToLongFunction<Sample> size) {
    out.append(format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"%s\"/>\n", colour,
        samples.stream().map(s -> format("%.1f,%.1f", x(s.entries() * (entryBytes / MEGA)),
            y(size.applyAsLong(s) / MEGA))).collect(Collectors.joining(" "))));
    out.append(format("<text x=\"%d\" y=\"20\" fill=\"%s\">%s</text>\n", LEFT + 100 * number, colour, name));
  }

  private double x(double written) {
    return LEFT + (WIDTH - 20 - LEFT) * written / mostWritten;
  }

  private double y(double megabytes) {
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * megabytes / mostKept;
  }

  private static String format(String text, Object... arguments) {
    return String.format(Locale.ROOT, text, arguments);
  }
}
