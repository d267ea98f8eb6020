package org.pgraft.config;

/**
 * A member that {@code pgraft.initial_cluster} names.
 *
 * @param nodeId its id: its position in the list, from 1
 * @param name its {@code pgraft.name}
 * @param host the host name or address at which the other members reach it, an IPv6 address without brackets
 * @param port its members' port
 */
public record ClusterMember(int nodeId, String name, String host, int port) {}
