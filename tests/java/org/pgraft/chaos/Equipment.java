package org.pgraft.chaos;

/** What a node can be equipped with before its first start, so that a fault can be done to it. */
enum Equipment {
  /** Forgets what was not synced: {@link org.pgraft.cluster.PowerSwitch}. */
  POWER_SWITCH,
  /** Does harm inside the JVM: {@link org.pgraft.cluster.JvmAgent}. */
  JVM_AGENT,
  /** Clocks of its own: {@link org.pgraft.cluster.NodeClock}. */
  CLOCK,
  /** Makes what members send to it slow: {@link org.pgraft.cluster.SlowLink}. */
  SLOW_LINK
}
