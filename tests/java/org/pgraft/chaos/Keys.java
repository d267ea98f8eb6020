package org.pgraft.chaos;

import java.util.List;
import java.util.stream.IntStream;

/** The keys of one round, which no other round uses. */
final class Keys {
  private static final int REGISTERS = 4;

  private final String prefix;

  Keys(int round) {
    prefix = "chaos/" + round + "/";
  }

  /** What the keys begin with that are written once. */
  String oncePrefix() {
    return prefix + "once/";
  }

  String once(int client, int count) {
    return oncePrefix() + client + "/" + count;
  }

  String counter() {
    return prefix + "counter";
  }

  /** The keys that all clients share. */
  List<String> registers() {
    return IntStream.range(0, REGISTERS).mapToObj(i -> prefix + "register/" + i).toList();
  }

  String alive(int node) {
    return prefix + "alive/" + node;
  }
}
