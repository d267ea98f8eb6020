package org.pgraft.config;

import java.util.regex.Pattern;

/**
 * A host with or without a port, as it is written in a setting: {@code host}, {@code host:port}, {@code [IPv6]:port}, or a
 * bare IPv6 address.
 *
 * @param host host name or address, an IPv6 address without brackets
 * @param port the port, 0 when none is given
 */
public record Endpoint(String host, int port) {
  /**
   * Labels of letters, digits and inner hyphens (RFC 1123, section 2.1), of which the last begins with a letter, so that it
   * is no address (RFC 3986, section 3.2.2, as java.net.URI reads it); gRPC addresses no others.
   */
  private static final Pattern NAME =
      Pattern.compile("([0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?\\.)*[A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?\\.?");

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(?!$)|$)){4}");

  private static final Pattern IPV6 = Pattern.compile("(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+(%[0-9A-Za-z.]+)?");
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
    final String bare = withoutBrackets(host);
    final boolean bracketed = !bare.equals(host);
    final boolean valid = bracketed ? IPV6.matcher(bare).matches() : bare.equals("*") || isHost(bare);
    if (!valid || bare.length() > HOST_CHARACTERS_MAX) {
      throw new ConfigException(
          setting + " has no valid host in \"" + text + "\"",
          "Write host:port, an IPv6 address in brackets: [::1]:7001. A host's name has letters, digits, hyphens and dots.");
    }
    return bare;
  }

  /** The address that stands in brackets, as in {@code [::1]}; any other text as it is. */
  public static String withoutBrackets(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /** Whether a text is a host's name or an address without brackets. */
  public static boolean isHost(String text) {
    return text.indexOf(':') >= 0
        ? IPV6.matcher(text).matches()
        : NAME.matcher(text).matches() || IPV4.matcher(text).matches();
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
