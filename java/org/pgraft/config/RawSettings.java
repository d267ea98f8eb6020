package org.pgraft.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings as they come from PostgreSQL: {@code name=value}, without the prefix {@code pgraft.}; times in milliseconds,
 * sizes in bytes, switches as {@code on} or {@code off}. PostgreSQL has checked types and ranges already; what is missing
 * has its default here, so that tests need not name everything. Immutable.
 */
final class RawSettings {
  private final Map<String, String> values = new HashMap<>();

  RawSettings(List<String> settings) {
    for (String setting : settings) {
      final int equals = setting.indexOf('=');
      values.put(setting.substring(0, equals), setting.substring(equals + 1));
    }
  }

  String text(String name, String standard) {
    return values.getOrDefault(name, standard);
  }

  int integer(String name, int standard) throws ConfigException {
    return Math.toIntExact(number(name, standard));
  }

  long number(String name, long standard) throws ConfigException {
    final String value = values.get(name);
    if (value == null) {
      return standard;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new ConfigException("pgraft." + name + " is no number: \"" + value + "\"", "");
    }
  }

  boolean on(String name) {
    return "on".equals(values.get(name));
  }
}
