package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.pgraft.command.Failure;
import org.pgraft.command.SqlState;
import org.pgraft.store.StoreFailedException;

/** The errors that consensus itself gives to sessions. */
final class Failures {
  private Failures() {}

  static Failure notAccepted() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the request was not accepted: no node held the leadership lease in time",
        "Nothing was changed.",
        "It is safe to try again. A majority of the members has to run and to reach each other.");
  }

  static Failure outcomeUnknown() {
    return new Failure(
        SqlState.OUTCOME_UNKNOWN,
        "the outcome of the request is unknown",
        "It was sent to the cluster, but no answer came in time. It may have been carried out, or may yet be.",
        "Read the key to see what became of it before you repeat the request.");
  }

  static Failure readTimedOut() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the read was not answered: no node held the leadership lease in time",
        "",
        "It is safe to try again. Set pgraft.read_consistency to local to read this node's own, possibly older, state.");
  }

  static Failure stopping() {
    return new Failure(
        SqlState.NOT_ACCEPTED, "the pgraft engine is stopping", "Nothing was changed.", "It is safe to try again.");
  }

  static Failure notCleared(String awaited) {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the request was not accepted: this node does not take part yet",
        "It " + awaited + ".",
        "It is safe to try again when those servers run.");
  }

  static Failure notInitialized() {
    return new Failure(
        SqlState.WRONG_STATE,
        "this server is not a member of a pgraft cluster yet",
        "",
        "Run pgraft_init() here to found a cluster, or pgraft_add_node() on a member of an existing one.");
  }

  static Failure wrongState(String message, String hint) {
    return new Failure(SqlState.WRONG_STATE, message, "", hint);
  }

  static Failure badArgument(String message, String hint) {
    return new Failure(SqlState.BAD_ARGUMENT, message, "", hint);
  }

  static Failure corrupted(String message, String detail) {
    return new Failure(SqlState.CORRUPTION, message, detail, "Use another backup, or write one on another node.");
  }

  /** A file of the server could not be read or written. */
  static Failure files(IOException cause) {
    return cause instanceof NoSuchFileException missing
        ? new Failure(SqlState.NO_SUCH_FILE, "file \"" + missing.getFile() + "\" does not exist", "", "")
        : new Failure(
            SqlState.IO_FAILED,
            "a file could not be read or written",
            cause instanceof StoreFailedException ? cause.getMessage() : cause.toString(),
            "Look at the permissions and the free space of the file's directory and of pgraft.data_dir.");
  }

  static Failure majorityAnswers() {
    return new Failure(
        SqlState.WRONG_STATE,
        "a node of this cluster holds the leadership lease",
        "A majority of the members runs, so nothing needs to be rescued.",
        "Use pgraft_backup().");
  }

  static Failure foundedWithoutLeader() {
    return new Failure(
        SqlState.WRONG_STATE,
        "the cluster is founded, but this node did not come to lead it in time",
        "The backup is restored.",
        "Wait until pgraft_is_leader() is true.");
  }

  static Failure timedOut(String what) {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        what + " was not reached in time",
        "",
        "Try again, or raise pgraft.command_timeout.");
  }
}
