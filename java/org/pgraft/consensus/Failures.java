package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
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

  /** Of a change of the members or of the leader that a holder may also have put off. */
  static Failure changeNotBegun() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the change was not begun in time",
        "Nothing was changed. No node held the leadership lease, or its holder was busy with another change.",
        "It is safe to try again. A majority of the members has to run and to reach each other.");
  }

  static Failure outcomeUnknown() {
    return new Failure(
        SqlState.OUTCOME_UNKNOWN,
        "the outcome of the request is unknown",
        "It was sent to the cluster, but no answer came in time. It may have been carried out, or may yet be.",
        "Read the key to see what became of it before you repeat the request.");
  }

  /** Of a change of the members or of the leader. */
  static Failure changeUnknown() {
    return new Failure(
        SqlState.OUTCOME_UNKNOWN,
        "the outcome of the change is unknown",
        "It was begun, but the leader changed or did not answer in time. It may have been carried out, or may yet be.",
        "pgraft_get_nodes() shows the members. It is safe to run the same call again.");
  }

  /**
   * @param position how far the newcomer's log is, -1 when it has nothing yet
   * @param last where the leader's ends
   */
  static Failure catchingUp(int newcomer, long position, long last) {
    return new Failure(
        SqlState.OUTCOME_UNKNOWN,
        "node " + newcomer + " is not a member yet: it still catches up",
        (position < 0 ? "Its log is still empty" : "Its log has reached index " + position)
            + ", the leader's ends at " + last + ". It goes on, and becomes a member when it has caught up.",
        "Run the same call again to wait for it, with a larger pgraft.command_timeout if you like. pgraft_members() shows"
            + " how far it is. To give it up, run pgraft_remove_node(" + newcomer + ").");
  }

  static Failure fellSilent(int newcomer, String address) {
    return new Failure(
        SqlState.WRONG_STATE,
        "node " + newcomer + " was not added: it stopped answering while it caught up",
        "It is no member. The others are the same as before it began to catch up.",
        "See that its server runs and that the members reach it at " + address + ", then run the same call again.");
  }

  static Failure successorSilent(int successor, int old) {
    return new Failure(
        SqlState.WRONG_STATE,
        "node " + successor + " is a member, but does not answer, so node " + old + " stays",
        "Without either the cluster would survive fewer failures than before.",
        "See that the server of node " + successor + " runs, then run the same call again. To give it up, run"
            + " pgraft_remove_node(" + successor + ").");
  }

  static Failure busy(int newcomer) {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the request was not accepted: node " + newcomer + " still catches up to become a member",
        "Nothing was changed. There is one change of the members at a time.",
        "Try again when pgraft_members() shows it as a voter. To give it up, run pgraft_remove_node(" + newcomer + ").");
  }

  static Failure noQuorum(String change, Quorum quorum) {
    return new Failure(
        SqlState.WRONG_STATE,
        change + " would leave " + quorum.size() + " members of which only " + quorum.reachable()
            + " can be counted on, which is no majority",
        "It was not done. Members that cannot be reached do not count, nor does a node that is still to join.",
        "Start the members that are down first; one that is lost can be removed, or replaced by pgraft_replace_node().");
  }

  static Failure backupNotReached() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the backup was not written: this node did not come to the lease holder's position in time",
        "",
        "It is safe to try again. pgraft_backup(path, 'local') writes this node's own, possibly older, state; if a majority"
            + " of the members is gone for good, pgraft_rescue() writes all that this node has.");
  }

  static Failure readTimedOut() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the read was not answered: no node held the leadership lease in time",
        "",
        "It is safe to try again. Set pgraft.read_consistency to local to read this node's own, possibly older, state.");
  }

  static Failure leaseIsOver(long lease) {
    return new Failure(
        SqlState.NO_SUCH_OBJECT,
        "lease " + lease + " is over",
        "Nobody kept it alive for its time to live; its keys are being deleted.",
        "Get a new one with pgraft_lease_grant().");
  }

  static Failure leaseNotReached() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "no node held the leadership lease in time",
        "The leases of keys are what they were, and none ends while nobody holds the leadership lease.",
        "It is safe to try again. A majority of the members has to run and to reach each other.");
  }

  static Failure stopping() {
    return new Failure(
        SqlState.NOT_ACCEPTED, "the pgraft engine is stopping", "Nothing was changed.", "It is safe to try again.");
  }

  /** An error of this program, or of the memory it runs in, ended it on the way. */
  static Failure cutShort() {
    return new Failure(
        SqlState.OUTCOME_UNKNOWN,
        "the outcome of the request is unknown",
        "The engine failed while it carried it out. It may have been carried out.",
        "Look at the state before you repeat the request.");
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

  /** What to do with a node that was removed before it can be a member again. */
  static final String START_AFRESH =
      "To add it again, stop it, delete its pgraft directory and the file pgraft.identity in its data directory, take it"
          + " out of pgraft.initial_cluster with pgraft.node_id, pgraft.address and pgraft.port set instead, start it, and"
          + " run pgraft_add_node() on a member.";

  /** While a snapshot of the leader's is put in place. */
  static Failure storeReplaced() {
    return new Failure(
        SqlState.NOT_ACCEPTED,
        "the request was not accepted: the store is being replaced by a snapshot of the leader's",
        "Nothing was changed.",
        "It is safe to try again.");
  }

  /** Of a node that was a member, and whose group is closed. */
  static Failure memberNoMore() {
    return new Failure(
        SqlState.WRONG_STATE,
        "this server takes part in its pgraft cluster no more",
        "It was removed from the cluster, or its engine is about to begin anew.",
        "pgraft_get_nodes() on another member shows which. " + START_AFRESH);
  }

  static Failure notReached(int node, String address, Obstacle obstacle) {
    return new Failure(
        SqlState.WRONG_STATE,
        "node " + node + " was not reached at " + address,
        "It was not added: " + obstacle.reason() + ".",
        obstacle.hint());
  }

  /** A node's id was used at another address, see {@link Membership}. */
  static Failure idTaken(int id, String known, String asked) {
    return new Failure(
        SqlState.WRONG_STATE,
        "node " + id + " is known at " + known + ", not at " + asked,
        "An id belongs to the address with which it was first added, also when that failed and when the node has left.",
        "If that is the same server, give that address. Else give the server a pgraft.node_id that no node of this cluster"
            + " had before; if it was asked to join already, delete its pgraft directory and the file pgraft.identity in its"
            + " data directory as well.");
  }

  static Failure addressTaken(int member, String address) {
    return new Failure(
        SqlState.WRONG_STATE,
        "node " + member + " is a member at " + address + " already",
        "",
        "Give the address and port at which the new node's server listens for the members (pgraft.address, pgraft.port).");
  }

  static Failure noHost(String host) {
    return badArgument(
        "\"" + host + "\" is no host's name and no address",
        "A host's name has letters, digits, hyphens and dots. Give the one by which the other members reach the node.");
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
    if (cause instanceof NoSuchFileException missing) {
      return new Failure(SqlState.NO_SUCH_FILE, "file \"" + missing.getFile() + "\" does not exist", "", "");
    }
    if (cause instanceof AccessDeniedException denied) {
      return new Failure(
          SqlState.IO_FAILED,
          "permission denied for file \"" + denied.getFile() + "\"",
          "",
          "Files are read and written by the server, as its user.");
    }
    return new Failure(
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

  /**
   * @param detail what is done already
   */
  static Failure foundedWithoutLeader(String detail) {
    return new Failure(
        SqlState.WRONG_STATE,
        "the cluster is founded, but this node did not come to lead it in time",
        detail,
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
