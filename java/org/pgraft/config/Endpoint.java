package org.pgraft.config;

/**
 * A host with or without a port, as it is written in a setting: {@code host}, {@code host:port}, {@code [IPv6]:port}, or a
 * bare IPv6 address.
 *
 * @param host host name or address, an IPv6 address without brackets
 * @param port the port, 0 when none is given
 */
record Endpoint(String host, int port) {
  private static final int HOST_CHARACTERS_MAX = 255;
  private static final int PORT_MAX = 65535;

  /**
   * @param text what the setting says
   * @param setting its name, for messages
   */
  static Endpoint parse(String text, String setting) throws ConfigException {
    final String trimmed = text.trim();
    final int colon = trimmed.lastIndexOf(':');
    final boolean bracketed = trimmed.startsWith("[");
    final boolean bareIpv6 = !bracketed && trimmed.indexOf(':') != colon;
    if (bareIpv6 || colon < 0 || bracketed && trimmed.endsWith("]")) {
      return new Endpoint(host(trimmed, text, setting), 0);
    }
    return new Endpoint(host(trimmed.substring(0, colon), text, setting), port(trimmed.substring(colon + 1), text, setting));
  }

  private static String host(String host, String text, String setting) throws ConfigException {
    final boolean bracketed = host.startsWith("[") && host.endsWith("]");
    final String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    final boolean ipv6 = bracketed || bare.indexOf(':') >= 0;
    if (bare.isEmpty()
        || bare.length() > HOST_CHARACTERS_MAX
        || !bare.matches(ipv6 ? "[0-9A-Fa-f:.%]+[0-9A-Za-z.]*" : "\\*|[0-9A-Za-z._-]+")) {
      throw new ConfigException(
          setting + " has no valid host in \"" + text + "\"",
          "Write host:port, an IPv6 address in brackets: [::1]:7001.");
    }
    return bare;
  }

  private static int port(String port, String text, String setting) throws ConfigException {
    if (port.matches("[0-9]{1,5}")) {
      final int number = Integer.parseInt(port);
      if (number >= 1 && number <= PORT_MAX) {
        return number;
      }
    }
    throw new ConfigException(
        setting + " has no valid port in \"" + text + "\"", "A port is a number between 1 and " + PORT_MAX + ".");
  }
}
