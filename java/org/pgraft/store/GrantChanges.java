package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.lmdbjava.Txn;
import org.pgraft.command.Authorized;
import org.pgraft.command.Failure;
import org.pgraft.command.GrantRequest;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/**
 * Carries out changes of the grants of keys, and lets requests pass that come with the authority they need. Every change raises
 * the version of the grants: what a session found out at the same version is true still.
 *
 * <p>Not thread-safe; lives no longer than its write transaction.
 */
final class GrantChanges {
  private final Txn<ByteBuffer> txn;
  private final KeyGrants grants;
  private final Counters counters;
  private final MemberTable members;

  GrantChanges(Txn<ByteBuffer> txn, KeyGrants grants, Counters counters, MemberTable members) {
    this.txn = txn;
    this.grants = grants;
    this.counters = counters;
    this.members = members;
  }

  /** @throws PgraftException when a member knows no grants, or there are too many */
  ByteBuffer carryOut(GrantRequest request) throws PgraftException {
    members.requireNewest("grants of keys", counters.levelUsed());
    if (request instanceof GrantRequest.Grant grant) {
      final int before = grants.rights(grant.role(), grant.prefix());
      if (before == 0 && grants.count() >= Limits.GRANTS_MAX) {
        throw new PgraftException(
            new Failure(
                SqlState.LIMIT_EXCEEDED,
                "there are too many grants of keys",
                "There are " + grants.count() + ", which is the limit.",
                "Grant shorter prefixes, or to roles that others are members of."));
      }
      return set(grant.role(), grant.prefix(), before, before | grant.rights());
    }
    if (request instanceof GrantRequest.Revoke revoke) {
      final int before = grants.rights(revoke.role(), revoke.prefix());
      return set(revoke.role(), revoke.prefix(), before, before & ~revoke.rights());
    }
    final long enforced = ((GrantRequest.Enforce) request).enforced() ? 1 : 0;
    final boolean changes = counters.get(Counter.GRANTS_ENFORCED) != enforced;
    if (changes) {
      counters.set(Counter.GRANTS_ENFORCED, enforced);
      raiseVersion();
    }
    return changed(changes);
  }

  private ByteBuffer set(ByteBuffer role, ByteBuffer prefix, int before, int after) {
    if (before != after) {
      raiseVersion();
      grants.write(txn, role, prefix, after, counters.get(Counter.GRANTS_VERSION));
    }
    return changed(before != after);
  }

  private void raiseVersion() {
    counters.add(Counter.GRANTS_VERSION, 1);
    counters.useLayout();
  }

  private static ByteBuffer changed(boolean changed) {
    return Responses.begin().u8(changed ? 1 : 0).done();
  }

  /**
   * The request itself of one that may come with authority.
   *
   * @throws PgraftException when it needs some and has none that still counts
   */
  Request admit(Request request) throws PgraftException {
    if (request instanceof Authorized && counters.get(Counter.FORMAT) == Layout.FORMAT_FIRST) {
      // Members of version 1.0 do the same.
      throw new PgraftException(
          new Failure(
              SqlState.NOT_SUPPORTED,
              "the request says why it is allowed, which not every member of the cluster understands yet",
              "",
              "It is safe to try again in a new session."));
    }
    return admit(request, counters.get(Counter.GRANTS_ENFORCED) != 0, counters.get(Counter.GRANTS_VERSION));
  }

  /**
   * The same.
   *
   * @param enforced whether grants count
   * @param version the version of the grants
   */
  static Request admit(Request request, boolean enforced, long version) throws PgraftException {
    final Optional<Authorized> authority =
        request instanceof Authorized authorized ? Optional.of(authorized) : Optional.empty();
    if (enforced && Authorized.needed(authority.map(Authorized::request).orElse(request))) {
      final boolean counts =
          authority.map(of -> of.version() == Authorized.EXEMPT || of.version() == version).orElse(false);
      if (!counts) {
        throw new PgraftException(
            new Failure(
                SqlState.GRANTS_CHANGED,
                "the grants of keys changed while the request was under way",
                "Nothing was changed.",
                "It is safe to try again."));
      }
    }
    return authority.map(Authorized::request).orElse(request);
  }
}
