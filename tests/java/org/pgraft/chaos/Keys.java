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

  /** What all keys of the round begin with, but for those of the lock. */
  String prefix() {
    return prefix;
  }

  /** The name of the lock that contenders take. */
  String lock() {
    return prefix + "lock";
  }

  /** The key of the one who has a lease in the queue of the lock. */
  String lockKey(long lease) {
    return "/pgraft/lock/" + lock().replace("/", "%2F") + "/" + String.format("%016x", lease);
  }

  /** Written by who holds the lock, with his token. */
  String fenced() {
    return prefix + "fenced";
  }

  String alive(int node) {
    return prefix + "alive/" + node;
  }
}
