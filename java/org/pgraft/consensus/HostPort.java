package org.pgraft.consensus;

import java.net.InetSocketAddress;

/** Addresses as {@code host:port}, an IPv6 address in brackets. Stateless. */
final class HostPort {
  private HostPort() {}

  static String format(String host, int port) {
    return (host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host) + ":" + port;
  }

  /** Parses what {@link #format} made. The name is not resolved. */
  static InetSocketAddress parse(String address) {
    final int colon = address.lastIndexOf(':');
    String host = address.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return InetSocketAddress.createUnresolved(host, Integer.parseInt(address.substring(colon + 1)));
  }
}
