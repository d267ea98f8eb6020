package org.pgraft.bench;

import java.util.Locale;

/**
 * A line of the table.
 *
 * @param what what was measured
 * @param target what it should be, in words
 * @param ours pgraft's figure
 * @param other the figure it is compared with, and whose it is; empty if with none
 * @param ratio the comparison; empty if there is none
 * @param reached whether the target is; null if there is none, or nothing to compare with
 */
record Row(String what, String target, String ours, String other, String ratio, Boolean reached) {
  /** Of a figure that should be at least so many times another. */
  static Row atLeast(String what, double factor, double ours, double other, String unit, String whose) {
    return compared(what, percentOrTimes("at least", factor, whose), ours, other, unit, whose, ours / other >= factor);
  }

  /** Of a figure that should be at most so many times another. */
  static Row atMost(String what, double factor, double ours, double other, String unit, String whose) {
    return compared(what, percentOrTimes("at most", factor, whose), ours, other, unit, whose, ours / other <= factor);
  }

  /** Of a figure with a limit of its own. */
  static Row limited(String what, double limit, double ours, String unit) {
    return new Row(what, "at most " + figure(limit) + " " + unit, figure(ours) + " " + unit, "", "", ours <= limit);
  }

  /** Of a figure that should reach something by itself. */
  static Row reaching(String what, double goal, double ours, String unit) {
    return new Row(what, "at least " + figure(goal) + " " + unit, figure(ours) + " " + unit, "", "", ours >= goal);
  }

  /** Of a figure that is compared and has no target. */
  static Row beside(String what, double ours, double other, String unit, String whose) {
    return compared(what, "", ours, other, unit, whose, null);
  }

  /** Of a figure that has no target. */
  static Row figure(String what, double ours, String unit) {
    return new Row(what, "", figure(ours) + " " + unit, "", "", null);
  }

  /** Of a figure whose peer is not there. */
  static Row alone(String what, String target, double ours, String unit) {
    return new Row(what, target, figure(ours) + " " + unit, "not installed", "", null);
  }

  private static Row compared(
      String what, String target, double ours, double other, String unit, String whose, Boolean reached) {
    return new Row(what, target, figure(ours) + " " + unit, figure(other) + " " + unit + " (" + whose + ")",
        String.format(Locale.ROOT, "%.3f", ours / other), reached);
  }

  private static String percentOrTimes(String bound, double factor, String whose) {
    String amount = factor < 1 ? Math.round(factor * 100) + " % of" : figure(factor) + " ×";
    return bound + " " + amount + " " + whose;
  }

  /** Three digits or so. */
  static String figure(double number) {
    String format = Math.abs(number) >= 100 ? "%,.0f" : Math.abs(number) >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, number);
  }
}
