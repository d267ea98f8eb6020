package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;

/** The file of a backup: whole, or it is refused. What the store's file holds does not matter here. */
final class BackupFileTest {
  private static final BackupFacts FACTS =
      new BackupFacts("a cluster", 3, new LogPosition(7, 4711), 99, 12, 1_700_000_000_123L, 5);
  private static final int FORMAT_AT = 8;

  @TempDir Path temporary;
  private Path store;
  private Path target;
  private byte[] content;

  @BeforeEach
  void makeAStore() throws Exception {
    content = new byte[200];
    new Random(1).nextBytes(content);
    store = Files.write(temporary.resolve("store"), content);
    target = temporary.resolve("backup");
  }

  private byte[] written() throws Exception {
    BackupFile.write(target, FACTS, store, () -> false);
    return Files.readAllBytes(target);
  }

  private Failure refused(byte[] bytes) throws Exception {
    final Path file = Files.write(temporary.resolve("altered"), bytes);
    final Path to = temporary.resolve("to");
    Files.deleteIfExists(to);
    return assertThrows(PgraftException.class, () -> BackupFile.extract(file, to, () -> false)).failure();
  }

  @Test
  void when_aBackupIsWritten_then_itIsReadAsItWasAndForItsOwnerAlone() throws Exception {
    final Backup backup = BackupFile.write(target, FACTS, store, () -> false);
    final Path to = temporary.resolve("to");

    assertEquals(backup, BackupFile.extract(target, to, () -> false));
    assertEquals(FACTS, backup.facts());
    assertEquals(Files.size(target), backup.bytes());
    assertArrayEquals(content, Files.readAllBytes(to));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    assertFalse(Files.exists(temporary.resolve("backup.partial")));
  }

  @Test
  void when_theDigestIsComputedByOthers_then_itIsTheSame() throws Exception {
    final byte[] bytes = written();
    final byte[] digest = MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(bytes, bytes.length - 32));

    assertArrayEquals(digest, Arrays.copyOfRange(bytes, bytes.length - 32, bytes.length));
    assertEquals(
        HexFormat.of().formatHex(digest),
        BackupFile.extract(target, temporary.resolve("to"), () -> false).digest());
  }

  @Test
  void when_anyEndIsMissing_then_thatIsFound() throws Exception {
    final byte[] bytes = written();
    for (int length = 1; length < bytes.length; length++) {
      final Failure failure = refused(Arrays.copyOf(bytes, length));
      assertEquals("XX001", failure.sqlState(), "length " + length);
      assertTrue(failure.message().endsWith("is truncated"), "length " + length + ": " + failure.message());
    }
    assertTrue(refused(new byte[0]).message().endsWith("is not a pgraft backup"));
  }

  @Test
  void when_anyBitIsFlipped_then_thatIsFound() throws Exception {
    final byte[] bytes = written();
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      final byte[] altered = bytes.clone();
      altered[bit / 8] ^= (byte) (1 << bit % 8);
      final String state = refused(altered).sqlState();
      final boolean format = bit / 8 >= FORMAT_AT && bit / 8 < FORMAT_AT + 4;
      assertEquals(format ? "0A000" : "XX001", state, "bit " + bit);
    }
  }

  @Test
  void when_somethingFollows_then_thatIsFound() throws Exception {
    final byte[] bytes = written();

    assertTrue(refused(Arrays.copyOf(bytes, bytes.length + 1)).message().endsWith("is damaged"));
  }

  @Test
  void when_theFileIsSomethingElse_then_thatIsSaid() throws Exception {
    assertTrue(refused("PGDMP, or anything else".getBytes()).message().endsWith("is not a pgraft backup"));
  }

  @Test
  void when_theFormIsNewer_then_thatIsSaid() throws Exception {
    final byte[] bytes = written();
    bytes[FORMAT_AT + 3]++;
    final Failure failure = refused(bytes);

    assertEquals("0A000", failure.sqlState());
    assertTrue(failure.detail().contains("version 2"), failure.detail());
  }

  @Test
  void when_theNameIsTaken_then_theFileStaysAsItIs() throws Exception {
    Files.writeString(target, "mine");

    assertEquals("58P02", assertThrows(PgraftException.class, this::written).failure().sqlState());
    assertEquals("mine", Files.readString(target));
  }

  @Test
  void when_anotherBackupIsBeingWrittenThere_then_itIsNotDisturbed() throws Exception {
    final Path partial = Files.writeString(temporary.resolve("backup.partial"), "another's");

    assertEquals("58P02", assertThrows(PgraftException.class, this::written).failure().sqlState());
    assertEquals("another's", Files.readString(partial));
    assertFalse(Files.exists(target));
  }

  @Test
  void when_theTimeIsOver_then_nothingIsLeft() {
    final PgraftException late =
        assertThrows(PgraftException.class, () -> BackupFile.write(target, FACTS, store, () -> true));

    assertEquals("PGR01", late.failure().sqlState());
    assertFalse(Files.exists(target));
    assertFalse(Files.exists(temporary.resolve("backup.partial")));
  }
}
