package org.pgraft.cluster;

/** What a process takes of its host, above all a node's worker. */
public final class ProcessUse {
  /** Clock ticks of /proc/PID/stat in a second; the same on every Linux of interest. */
  private static final double TICKS = 100;

  private static final String MEMORY = """
      awk -v only="$2" -v skip='/dev/zero|/SYSV|/dev/shm|/data\\\\.mdb|/lock\\\\.mdb|/etcd/member' '
        /^[0-9a-f]+-[0-9a-f]+ / { counted = $0 !~ skip && (only == "" || index($0, only)); file = $6 ~ /^\\// }
        !counted { next }
        /^Anonymous:/ { anonymous += $2 }
        /^Private_(Clean|Dirty):/ { private += $2 }
        /^Rss:/ && file { files += $2 }
        /^Anonymous:/ && file { files -= $2 }
        END { print anonymous + 0, private + 0, files + 0 }' /proc/"$1"/smaps
      """;

  private final NodeHost host;
  private final long pid;

  public ProcessUse(NodeHost host, long pid) {
    this.host = host;
    this.pid = pid;
  }

  public static ProcessUse ofWorker(TestNode node) throws InterruptedException {
    return new ProcessUse(node.host(), node.worker());
  }

  /**
   * Memory in kB, without PostgreSQL's shared memory and without the store's mapped file.
   *
   * @param anonymous pages that are no file's, or of a file but changed
   * @param privately all pages that only this process has: anonymous ones, and those of files that no other maps
   * @param files unchanged pages of files, also those that other processes map, too
   */
  public record Memory(long anonymous, long privately, long files) {}

  public Memory memory() {
    return memoryOf("");
  }

  /** The same of the mappings of files whose path contains that. */
  public Memory memoryOf(String path) {
    String[] figures = run(MEMORY, path).split(" ");
    return new Memory(Long.parseLong(figures[0]), Long.parseLong(figures[1]), Long.parseLong(figures[2]));
  }

  /** All pages in memory, in kB, those of shared memory, too. */
  public long residentKilobytes() {
    return Long.parseLong(run("sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/\"$1\"/status", ""));
  }

  /** How many files and connections it has open. */
  public long descriptors() {
    return Long.parseLong(run("ls /proc/\"$1\"/fd | wc -l", ""));
  }

  /** Seconds of a core that it has used so far. */
  public double cpuSeconds() {
    String stat = run("cat /proc/\"$1\"/stat", "");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS;
  }

  private String run(String script, String argument) {
    return host.run("sh", "-c", script, "sh", Long.toString(pid), argument).orFail("looking at process " + pid).text()
        .strip();
  }
}
