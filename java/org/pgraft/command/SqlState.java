package org.pgraft.command;

/** The SQLSTATEs that the engine gives (PostgreSQL documentation, appendix A; those with PGR are pgraft's own). */
public final class SqlState {
  /** Nothing reached a log; it is safe to try again. */
  public static final String NOT_ACCEPTED = "PGR01";

  /** The revision asked for was compacted away or does not exist yet. */
  public static final String REVISION_NOT_KEPT = "PGR02";

  /**
   * The grants of keys changed since the sender looked at them; nothing was changed. Between engine and session only: a session
   * looks again and sends the request once more.
   */
  public static final String GRANTS_CHANGED = "PGR03";

  /** It may have been carried out, or may yet be (transaction_resolution_unknown). */
  public static final String OUTCOME_UNKNOWN = "08007";

  /** The bytes of a message have no meaning (protocol_violation). */
  public static final String PROTOCOL_VIOLATION = "08P01";

  /** A limit was exceeded (program_limit_exceeded). */
  public static final String LIMIT_EXCEEDED = "54000";

  /** An argument has no meaning (invalid_parameter_value). */
  public static final String BAD_ARGUMENT = "22023";

  /** There is no such lease (undefined_object). */
  public static final String NO_SUCH_OBJECT = "42704";

  /** The node or the cluster is in no state for it (object_not_in_prerequisite_state). */
  public static final String WRONG_STATE = "55000";

  /** The store's quota is used up (disk_full). */
  public static final String STORE_FULL = "53100";

  /** Files are damaged (data_corrupted). */
  public static final String CORRUPTION = "XX001";

  /** A file is not there (undefined_file). */
  public static final String NO_SUCH_FILE = "58P01";

  /** A file is there already (duplicate_file). */
  public static final String FILE_EXISTS = "58P02";

  /** A file cannot be read or written (io_error). */
  public static final String IO_FAILED = "58030";

  /** Not every member knows this kind of request yet (feature_not_supported). */
  public static final String NOT_SUPPORTED = "0A000";

  private SqlState() {}
}
