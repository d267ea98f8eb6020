package org.pgraft.docs;

import org.pgraft.cluster.Output;

/** Where the commands of a page are typed. One thread at a time. */
interface Terminal {
  /** Types the command of a step, as its user, on its machine and in its directory, and waits for its end. */
  Output type(Transcript step) throws Exception;

  /** How psql is called, for a session of a superuser in the database postgres. */
  String psql();

  /** What helps to understand what a step has shown: the ends of the servers' logs. */
  String log(Transcript step);
}
