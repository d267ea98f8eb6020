package org.pgraft.consensus;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.grpc.server.GrpcServicesImpl;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;

/**
 * Ratis' gRPC transport, except that the log appenders it makes are shown to a {@link CommitAnnouncer}, and that TLS is on the
 * side that dials only: on the other it is at the port's door ({@link org.pgraft.tls.TlsDoor}). Ratis finds this class by the
 * name in its properties, which is why it is public and has a public constructor.
 *
 * <p>Stateless.
 */
public final class MembersRpcType implements RpcType {
  private static final String ANNOUNCER = "pgraft.commit.announcer";
  private static final String DIALING = "pgraft.tls.dialing";

  /** For Ratis. */
  public MembersRpcType() {}

  static void setAnnouncer(Parameters parameters, CommitAnnouncer announcer) {
    parameters.put(ANNOUNCER, announcer, CommitAnnouncer.class);
  }

  static void setDialing(Parameters parameters, SslContext dialing) {
    parameters.put(DIALING, dialing, SslContext.class);
  }

  @Override
  public String name() {
    return MembersRpcType.class.getName();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new Factory(parameters, parameters.get(ANNOUNCER, CommitAnnouncer.class));
  }

  private static final class Factory extends GrpcFactory {
    private final CommitAnnouncer announcer;
    private final GrpcServices.Customizer customizer;
    private final SslContext dialing;

    Factory(Parameters parameters, CommitAnnouncer announcer) {
      super(parameters);
      this.announcer = announcer;
      this.customizer = GrpcConfigKeys.Server.servicesCustomizer(parameters);
      this.dialing = parameters.get(DIALING, SslContext.class);
    }

    @Override
    public GrpcServices newRaftServerRpc(RaftServer server) {
      return GrpcServicesImpl.newBuilder()
          .setServer(server)
          .setCustomizer(customizer)
          .setServerSslContextForClient(dialing)
          .build();
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
