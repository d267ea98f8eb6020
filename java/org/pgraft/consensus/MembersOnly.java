package org.pgraft.consensus;

import java.util.Set;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;

/**
 * Refuses every call on the members' port that is not between members. Ratis puts its client and its administration
 * service on that port, through which a stranger could append entries or change the membership; pgraft talks to Ratis in
 * process and needs neither, so they answer UNIMPLEMENTED as if they were not there.
 *
 * <p>Stateless; called on gRPC's threads.
 */
final class MembersOnly implements ServerInterceptor {
  private static final Set<String> OFFERED =
      Set.of("ratis.grpc.RaftServerProtocolService", PeerService.SERVICE_NAME);

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (OFFERED.contains(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    call.close(
        Status.UNIMPLEMENTED.withDescription("not offered on the members' port"), new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
