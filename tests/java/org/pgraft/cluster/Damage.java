package org.pgraft.cluster;

import java.sql.SQLException;

/** Damage to one file of a node's engine, which can be taken back. */
public final class Damage {
  /** What is done to a file. */
  public enum Kind { TRUNCATED, FLIPPED, ZEROED, EMPTIED, DELETED }

  // In the middle of the file, where there is one: $1 names it, or several of which the newest is meant; $3 keeps it.
  private static final String SCRIPT = """
      set -e
      file=$(ls -d $1 | sort -V | tail -n 1)
      cp -a "$file" "$3"
      # without the zeros at the end, by which the log is made longer in advance
      size=$(od -An -v -tx1 -w16 "$file" | awk '/[1-9a-f]/ { last = NR } END { print last * 16 }')
      middle=$((size / 2))
      case $2 in
        TRUNCATED) truncate -s $middle "$file" ;;
        FLIPPED)
          byte=$(od -An -tu1 -j $middle -N 1 "$file")
          printf "\\\\$(printf %03o $((byte ^ 4)))" | dd of="$file" bs=1 seek=$middle conv=notrunc status=none ;;
        ZEROED)
          count=$((size / 4 < 4096 ? size / 4 : 4096))
          dd if=/dev/zero of="$file" bs=1 seek=$middle count=$count conv=notrunc status=none ;;
        EMPTIED) : > "$file" ;;
        DELETED) rm "$file" ;;
      esac
      echo "$file"
      """;

  private final TestNode node;
  private final String file;
  private final String kept;

  private Damage(TestNode node, String file, String kept) {
    this.node = node;
    this.file = file;
    this.kept = kept;
  }

  /**
   * Damages a file of a node.
   *
   * @param pattern where it is below the engine's directory, with wildcards of the shell
   */
  public static Damage to(TestNode node, String pattern, Kind kind) {
    String kept = node.host().directory() + "/kept";
    return new Damage(node, node.host().run("sh", "-c", SCRIPT, "sh", node.engineData() + "/" + pattern, kind.name(), kept)
        .orFail("damaging " + pattern).text().trim(), kept);
  }

  /** The file's path. */
  public String file() {
    return file;
  }

  /** Puts the file back as it was. */
  public void putBack() {
    node.host().run("cp", "-a", kept, file).orFail("cp");
  }

  /** Whether the node's engine does not run and its message names the file, or the directory that it is missed in. */
  public boolean isRefused() throws SQLException {
    String status = node.text("SELECT concat_ws(': ', worker_state, message) FROM pgraft_node_status()");
    String directory = file.substring(0, file.lastIndexOf('/'));
    return status.startsWith("ERROR") && (status.contains(file) || status.contains("\"" + directory + "\""));
  }

  @Override
  public String toString() {
    return file;
  }
}
