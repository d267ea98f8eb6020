package org.pgraft.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Connections of strangers that are kept open and say nothing; who is shown out comes back. A thread of its own looks after
 * them; the methods are for one other thread.
 */
final class Crowd implements AutoCloseable {
  private final List<TestNode> nodes;
  private final List<SocketChannel> connections = new ArrayList<>();
  private final int size;
  private final Thread thread;
  private volatile int came;
  private volatile boolean ends;
  private volatile IOException failure;

  /** Goes to the nodes in equal parts. */
  Crowd(List<TestNode> nodes, int size) {
    this.nodes = nodes;
    this.size = size;
    this.thread = new Thread(this::gather, "crowd");
    thread.start();
  }

  private void gather() {
    try {
      for (int i = 0; i < size; i++) {
        connections.add(come(i));
        came = connections.size();
      }
      ByteBuffer buffer = ByteBuffer.allocate(256);
      while (!ends) {
        for (int i = 0; i < size && !ends; i++) {
          if (hasEnded(connections.get(i), buffer)) {
            connections.get(i).close();
            connections.set(i, come(i));
          }
        }
        Thread.sleep(20);
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private SocketChannel come(int number) throws IOException {
    TestNode node = nodes.get(number % nodes.size());
    SocketChannel channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.connect(new InetSocketAddress(node.host().address(), node.host().raftPort()));
    return channel;
  }

  private static boolean hasEnded(SocketChannel channel, ByteBuffer buffer) {
    try {
      buffer.clear();
      return channel.finishConnect() && channel.read(buffer) < 0;
    } catch (IOException e) {
      return true;
    }
  }

  /** Waits until everybody was there once. */
  void awaitFull() throws InterruptedException {
    Await.until("the crowd is there", () -> came >= size || failure != null);
    if (failure != null) {
      throw new AssertionError("the crowd could not gather", failure);
    }
  }

  @Override
  public void close() throws IOException {
    ends = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (SocketChannel channel : connections) {
      channel.close();
    }
    if (failure != null) {
      throw failure;
    }
  }
}
