package org.pgraft.chaos;

/**
 * What a node said of itself at one moment.
 *
 * @param node the node's id
 * @param worker one life of its worker: the server's start and the worker's pid
 * @param at when the node was asked, System.nanoTime()
 */
record Sample(int node, String worker, long at, long term, long revision) {}
