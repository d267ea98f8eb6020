package org.pgraft.bench;

import org.pgraft.cluster.NodeHost;

/** What a process takes of its host. */
final class Use {
  /** Clock ticks of /proc/PID/stat in a second; the same on every Linux of interest. */
  private static final double TICKS = 100;

  private static final String MEMORY = """
      awk -v skip='/dev/zero|/SYSV|/dev/shm|/data\\\\.mdb|/lock\\\\.mdb|/etcd/member' '
        /^[0-9a-f]+-[0-9a-f]+ / { counted = $0 !~ skip; file = $6 ~ /^\\// }
        !counted { next }
        /^Anonymous:/ { anonymous += $2 }
        /^Private_(Clean|Dirty):/ { private += $2 }
        /^Rss:/ && file { files += $2 }
        /^Anonymous:/ && file { files -= $2 }
        END { print anonymous, private, files }' /proc/"$1"/smaps
      """;

  private Use() {}

  /**
   * Memory of a process, in kB, without PostgreSQL's shared memory and without the store's mapped file.
   *
   * @param anonymous pages that are no file's
   * @param privately all pages that only this process has: anonymous ones, and those of files that no other maps
   * @param files pages of files, also those that other processes map, too
   */
  record Memory(long anonymous, long privately, long files) {}

  static Memory memory(NodeHost host, long pid) {
    String[] figures = host.run("sh", "-c", MEMORY, "sh", Long.toString(pid)).orFail("reading smaps").text().strip()
        .split(" ");
    return new Memory(Long.parseLong(figures[0]), Long.parseLong(figures[1]), Long.parseLong(figures[2]));
  }

  /** Seconds of a core that a process has used so far. */
  static double cpuSeconds(NodeHost host, long pid) {
    String stat = host.run("cat", "/proc/" + pid + "/stat").orFail("reading stat").text();
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS;
  }
}
