package org.pgraft.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.cluster.LogsOnFailure;

/** "make bench": the table of docs/performance.md. It fails when something cannot be measured, not when it is slow. */
@Tag("bench")
@ExtendWith(LogsOnFailure.class)
final class BenchTest {
  @Test
  void when_everything_is_measured_then_the_table_is_printed(@TempDir Path certificates) throws Exception {
    Options options = Options.given();
    double fsyncs = Machine.fsyncsPerSecond();
    List<Plot> plots = new ArrayList<>();
    try (Bench bench = Bench.started(options)) {
      Etcd.whyNot().ifPresent(reason -> System.out.println("no comparison with etcd: " + reason));
      Puts puts = new Puts(bench);
      if (bench.wants("puts")) {
        puts.againstEtcd();
        puts.manyKeys();
      }
      if (bench.wants("gets")) {
        new Gets(bench).run();
      }
      if (bench.wants("tls")) {
        new Encryption(bench, certificates).run();
      }
      if (bench.wants("footprint")) {
        plots.add(new Footprint(bench).run());
      }
      if (bench.wants("starts")) {
        new Footprint(bench).starts();
      }
      if (bench.wants("outages")) {
        new Outages(bench).run();
      }
      if (bench.wants("growth")) {
        puts.growth();
        puts.snapshots();
      }
      List<Curve> curves = options.parts().contains("curves") ? new Curves(bench).all() : List.of();
      assertFalse(bench.rows().isEmpty() && curves.isEmpty(), "nothing was measured");
      curves.forEach(curve -> plots.addAll(curve.plots()));
      Report.write(bench.rows(), Machine.describe(bench.cluster().node(1).host()), fsyncs, options, curves, plots);
    }
  }
}
