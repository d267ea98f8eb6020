package org.pgraft.cluster;

/** What a node's worker takes of its host. */
final class WorkerUse {
  private WorkerUse() {}

  /** Memory, in kB. */
  static long residentKilobytes(TestNode node) throws Exception {
    return number(node, "sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/" + node.worker() + "/status");
  }

  /** File descriptors. */
  static long descriptors(TestNode node) throws Exception {
    return number(node, "ls /proc/" + node.worker() + "/fd | wc -l");
  }

  private static long number(TestNode node, String script) {
    return Long.parseLong(node.host().run("sh", "-c", script).orFail("looking at the worker").text().strip());
  }
}
