package org.pgraft.cluster;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Somebody at the members' port of a node who speaks TCP, and HTTP/2 as far as it suits. One thread at a time. */
final class Stranger implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int CONTINUATION = 9;
  static final int END_HEADERS = 4;

  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int PATIENCE_MILLIS = 30_000;

  private final Socket socket = new Socket();

  /** Connects. */
  Stranger(TestNode node) throws IOException {
    socket.connect(new InetSocketAddress(node.host().address(), node.host().raftPort()), PATIENCE_MILLIS);
    socket.setSoTimeout(PATIENCE_MILLIS);
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  /** Begins as a client of HTTP/2 does. */
  void sendPreface() throws IOException {
    send(PREFACE);
    send(frame(SETTINGS, 0, 0));
  }

  void sendHalfAPreface() throws IOException {
    send(java.util.Arrays.copyOf(PREFACE, PREFACE.length / 2));
  }

  /** Begins a call of a gRPC method. */
  void sendCall(String path, int stream) throws IOException {
    send(frame(HEADERS, END_HEADERS, stream, callHeaders(path)));
  }

  /** Reads until the other end closes; an error is an end, too. */
  boolean isShownOut() {
    try {
      byte[] buffer = new byte[4096];
      int read;
      do {
        read = socket.getInputStream().read(buffer);
      } while (read >= 0);
      return true;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** A frame of HTTP/2 (RFC 9113, section 4.1). */
  static byte[] frame(int type, int flags, int stream, byte... payload) {
    ByteBuffer out = ByteBuffer.allocate(9 + payload.length);
    out.put((byte) (payload.length >> 16)).putShort((short) payload.length);
    out.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    return out.array();
  }

  /** The headers of a gRPC call in HPACK, without indexing (RFC 7541). */
  static byte[] callHeaders(String path) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0x83); // :method POST
    out.write(0x86); // :scheme http
    out.write(0x04); // :path
    text(out, path);
    out.write(0x01); // :authority
    text(out, "stranger");
    header(out, "content-type", "application/grpc");
    header(out, "te", "trailers");
    return out.toByteArray();
  }

  static void header(ByteArrayOutputStream out, String name, String value) {
    out.write(0);
    text(out, name);
    text(out, value);
  }

  private static void text(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length > 126) {
      throw new IllegalArgumentException("longer than one byte can say: " + text);
    }
    out.write(bytes.length);
    out.writeBytes(bytes);
  }

  static byte[] random(Random random, int most) {
    byte[] bytes = new byte[1 + random.nextInt(most)];
    random.nextBytes(bytes);
    return bytes;
  }
}
