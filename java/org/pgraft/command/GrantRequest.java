package org.pgraft.command;

import java.nio.ByteBuffer;

/**
 * Requests that change which roles may read and write which keys, and whether that counts. The name of a role is bytes that
 * mean nothing to the engine: sessions find out which roles their user has. Immutable.
 */
public sealed interface GrantRequest extends Request {
  /** The right to read, a bit. */
  int READ = 1;

  /** The right to write, a bit. */
  int WRITE = 2;

  /** Both. */
  int ALL = READ | WRITE;

  /**
   * Gives a role rights on the keys that begin with a prefix. Body: role, prefix, rights (1). Answer: whether that changed
   * anything (1).
   */
  record Grant(ByteBuffer role, ByteBuffer prefix, int rights) implements GrantRequest {
    @Override
    public Op op() {
      return Op.KEY_GRANT;
    }

    @Override
    public String describe() {
      return text(rights, prefix) + " to " + Describe.key(role);
    }

    static Grant readBody(WireReader in) throws PgraftException {
      final Grant grant = new Grant(in.bytes(), in.bytes(), in.u8());
      Checks.grant(grant.role, grant.prefix, grant.rights);
      return grant;
    }
  }

  /** Takes rights away that were given for exactly this prefix. Body and answer: as those of {@link Grant}. */
  record Revoke(ByteBuffer role, ByteBuffer prefix, int rights) implements GrantRequest {
    @Override
    public Op op() {
      return Op.KEY_REVOKE;
    }

    @Override
    public String describe() {
      return text(rights, prefix) + " from " + Describe.key(role);
    }

    static Revoke readBody(WireReader in) throws PgraftException {
      final Revoke revoke = new Revoke(in.bytes(), in.bytes(), in.u8());
      Checks.grant(revoke.role, revoke.prefix, revoke.rights);
      return revoke;
    }
  }

  /** Whether the grants count. Body: 1 or 0 (1). Answer: whether that changed anything (1). */
  record Enforce(boolean enforced) implements GrantRequest {
    @Override
    public Op op() {
      return Op.KEY_ENFORCE;
    }

    @Override
    public String describe() {
      return enforced ? "on" : "off";
    }
  }

  private static String text(int rights, ByteBuffer prefix) {
    final String what = rights == ALL ? "read, write" : rights == READ ? "read" : "write";
    return what + " on \"" + Describe.key(prefix) + "\"";
  }
}
