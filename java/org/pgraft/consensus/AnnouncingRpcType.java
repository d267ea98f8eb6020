package org.pgraft.consensus;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/**
 * Ratis' gRPC transport, except that the log appenders it makes are shown to a {@link CommitAnnouncer}. Ratis finds this
 * class by the name in its properties, which is why it is public and has a public constructor.
 *
 * <p>Stateless.
 */
public final class AnnouncingRpcType implements RpcType {
  private static final String ANNOUNCER = "pgraft.commit.announcer";

  /** For Ratis. */
  public AnnouncingRpcType() {}

  static void setAnnouncer(Parameters parameters, CommitAnnouncer announcer) {
    parameters.put(ANNOUNCER, announcer, CommitAnnouncer.class);
  }

  @Override
  public String name() {
    return AnnouncingRpcType.class.getName();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new Factory(parameters, parameters.get(ANNOUNCER, CommitAnnouncer.class));
  }

  private static final class Factory extends GrpcFactory {
    private final CommitAnnouncer announcer;

    Factory(Parameters parameters, CommitAnnouncer announcer) {
      super(parameters);
      this.announcer = announcer;
    }

    @Override
    public LogAppender newLogAppender(RaftServer.Division server, LeaderState state, FollowerInfo follower) {
      final LogAppender appender =
          super.newLogAppender(server, new AnnouncingLeaderState(state, announcer), follower);
      announcer.appending(appender);
      return appender;
    }
  }
}
