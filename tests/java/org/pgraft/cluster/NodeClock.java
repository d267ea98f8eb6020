package org.pgraft.cluster;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Clocks of a node's own: another beginning, another rate, jumps of the wall clock. The library in
 * tests/clocks/clock.c, preloaded into the server, lets all its processes see them; the test knows what they show.
 */
public final class NodeClock {
  /** What it begins with, for each node another. */
  private static final long LEAD_HOURS = 5;

  private static final int LEAD = 0;
  private static final int RATES = 1;
  private static final int WALL_OFFSETS = 256;
  private static final int ENTRIES_MAX = 120;
  private static final long MILLION = 1_000_000;
  private static final int QUESTIONS = 5;

  /** How far in the future a change begins, so that it is known before. */
  private static final long AHEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

  /**
   * A rate in force.
   *
   * @param from since when, by the true clock, in nanoseconds of CLOCK_BOOTTIME
   * @param shown what the node's clock shows then
   * @param millionths how fast it runs
   */
  private record Rate(long from, long shown, long millionths) {}

  private final TestNode node;
  private final String file;
  private final List<Rate> rates = new ArrayList<>();
  private int wallOffsets;

  private NodeClock(TestNode node) {
    this.node = node;
    this.file = node.host().directory() + "/clocks";
  }

  /** Gives its own clocks to a node that has not been started yet; they are hours further than the true ones. */
  public static NodeClock install(TestNode node) throws IOException {
    NodeClock clock = new NodeClock(node);
    String library = node.compile("tests/clocks/clock.c", "clock.so", "-shared", "-fPIC", "-ldl");
    node.host().run("sh", "-c", "head -c 4096 /dev/zero > \"$1\"", "sh", clock.file).orFail("head");
    long lead = TimeUnit.HOURS.toNanos(LEAD_HOURS * node.number());
    clock.put(LEAD, lead);
    clock.add(new Rate(0, lead, MILLION));
    node.setEnvironment(List.of("LD_PRELOAD=" + library, "CLOCKS_FILE=" + clock.file));
    return clock;
  }

  /** Lets the node's clocks run at another rate, 1.0 being the true one; returns when they do. */
  public synchronized void run(double rate) throws InterruptedException {
    long from = trueNanos() + AHEAD_NANOS;
    add(new Rate(from, shown(from), Math.round(rate * MILLION)));
    awaitTrue(from);
  }

  /** Sets how much further the wall clock is than the boot clock tells; returns when it has jumped. */
  public synchronized void setWall(long seconds) throws InterruptedException {
    requireRoom(wallOffsets);
    long from = trueNanos() + AHEAD_NANOS;
    put(WALL_OFFSETS + 1 + 2 * wallOffsets, from);
    put(WALL_OFFSETS + 2 + 2 * wallOffsets, TimeUnit.SECONDS.toNanos(seconds));
    wallOffsets++;
    put(WALL_OFFSETS, wallOffsets);
    awaitTrue(from);
  }

  /** What the true CLOCK_BOOTTIME shows when the node's one shows that. */
  public synchronized long trueAt(long shown) {
    Rate rate = rates.get(0);
    for (Rate each : rates) {
      if (each.shown <= shown) {
        rate = each;
      }
    }
    return rate.from + Math.round((shown - rate.shown) * (double) MILLION / rate.millionths);
  }

  /** How many seconds further the node's wall clock is than that of the test, by the quickest of some answers. */
  public double wallLead() throws SQLException {
    double lead = 0;
    long quickest = Long.MAX_VALUE;
    try (Session session = node.connect()) {
      for (int i = 0; i < QUESTIONS; i++) {
        long before = System.currentTimeMillis();
        double shown = Double.parseDouble(session.text("SELECT extract(epoch FROM clock_timestamp())"));
        long after = System.currentTimeMillis();
        if (after - before < quickest) {
          quickest = after - before;
          lead = shown - (before + after) / 2000.0;
        }
      }
    }
    return lead;
  }

  /** CLOCK_BOOTTIME of this machine, rounded down to hundredths of a second. */
  public static long trueNanos() {
    try {
      String uptime = Files.readString(Path.of("/proc/uptime")).split(" ")[0];
      return Math.round(Double.parseDouble(uptime) * 100) * 10_000_000L;
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the clock", e);
    }
  }

  /** What the node's clock shows at a true instant after all changes so far. */
  private long shown(long from) {
    Rate last = rates.get(rates.size() - 1);
    long since = from - last.from;
    // the library's product has 128 bits
    return last.shown + since / MILLION * last.millionths + since % MILLION * last.millionths / MILLION;
  }

  private void add(Rate rate) {
    requireRoom(rates.size());
    put(RATES + 1 + 2 * rates.size(), rate.from);
    put(RATES + 2 + 2 * rates.size(), rate.millionths);
    rates.add(rate);
    // the library looks at it from now on
    put(RATES, rates.size());
  }

  private static void requireRoom(int entries) {
    if (entries >= ENTRIES_MAX) {
      throw new IllegalStateException("the clocks were changed too often");
    }
  }

  private void put(int index, long value) {
    StringBuilder octal = new StringBuilder();
    for (byte each : ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(value).array()) {
      octal.append(String.format("\\%03o", each & 0xFF));
    }
    node.host().run("sh", "-c", "printf \"$3\" | dd of=\"$1\" bs=8 seek=\"$2\" conv=notrunc status=none", "sh", file,
        Integer.toString(index), octal.toString()).orFail("changing the clocks");
  }

  /** A change that was told too late would have made the clock jump. */
  private static void awaitTrue(long from) throws InterruptedException {
    if (trueNanos() >= from) {
      throw new IllegalStateException("the machine is too busy to change a clock in time");
    }
    while (trueNanos() <= from) {
      Thread.sleep(10);
    }
  }
}
