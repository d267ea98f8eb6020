package org.pgraft.config;

/**
 * How members encrypt what they say to each other. The two in the middle are steps from plain text to TLS and back, for a
 * cluster that goes on running meanwhile: a member dials TLS only when all others accept it.
 */
public enum TlsMode {
  /** Plain text. */
  OFF(false, false, true),
  /** Connections of either kind are accepted, plain ones are made. */
  ACCEPT(true, false, true),
  /** Connections of either kind are accepted, encrypted ones are made. */
  PREFER(true, true, true),
  /** TLS alone. */
  ON(true, true, false);

  private final boolean accepts;
  private final boolean dials;
  private final boolean plain;

  TlsMode(boolean accepts, boolean dials, boolean plain) {
    this.accepts = accepts;
    this.dials = dials;
    this.plain = plain;
  }

  /** Whether others may connect with TLS. */
  public boolean accepts() {
    return accepts;
  }

  /** Whether this node connects to others with TLS. */
  public boolean dials() {
    return dials;
  }

  /** Whether others may connect without TLS. */
  public boolean acceptsPlain() {
    return plain;
  }

  static TlsMode parse(String text) throws ConfigException {
    for (TlsMode mode : values()) {
      if (mode.name().equalsIgnoreCase(text)) {
        return mode;
      }
    }
    throw new ConfigException("pgraft.tls_enabled cannot be \"" + text + "\"", "Use off, accept, prefer or on.");
  }
}
