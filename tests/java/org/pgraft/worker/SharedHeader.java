package org.pgraft.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The constants and structs of {@code native/shared.h}, laid out as a C compiler does on a 64-bit machine. The tests
 * take every offset from there, so that a change of one side alone is noticed.
 */
final class SharedHeader {
  private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL);
  private static final Pattern NUMBER =
      Pattern.compile("#define\\s+(\\w+)\\s+(?:UINT64CONST\\()?(0x[0-9A-Fa-f]+|\\d+)\\)?\\s*$", Pattern.MULTILINE);
  private static final Pattern ENUMERATOR = Pattern.compile("^\\s+(\\w+) = (\\d+)", Pattern.MULTILINE);
  private static final Pattern STRUCT =
      Pattern.compile("typedef struct (\\w+)\\s*\\{(.*?)\\}\\s*\\1;", Pattern.DOTALL);
  private static final Pattern FIELD = Pattern.compile("(\\w+)\\s+(\\w+)(?:\\[([^\\]]+)\\])?;");

  private final Map<String, Long> constants = new HashMap<>();
  private final Map<String, Integer> offsets = new HashMap<>();
  private final Map<String, Integer> sizes =
      new HashMap<>(
          Map.of(
              "char", 1, "int32", 4, "uint32", 4, "pg_atomic_uint32", 4, "int64", 8, "uint64", 8,
              "pg_atomic_uint64", 8));
  private final Map<String, Integer> alignments = new HashMap<>(sizes);

  SharedHeader() {
    final String text;
    try {
      text = COMMENT.matcher(Files.readString(Path.of("native/shared.h"))).replaceAll("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    NUMBER.matcher(text).results().forEach(found -> constants.put(found.group(1), Long.decode(found.group(2))));
    ENUMERATOR.matcher(text).results().forEach(found -> constants.put(found.group(1), Long.decode(found.group(2))));
    STRUCT.matcher(text).results().forEach(found -> layOut(found.group(1), found.group(2)));
  }

  private void layOut(String struct, String fields) {
    int end = 0;
    int widest = 1;
    final Matcher field = FIELD.matcher(fields);
    while (field.find()) {
      final int alignment = alignments.get(field.group(1));
      end = aligned(end, alignment);
      offsets.put(struct + "." + field.group(2), end);
      end += sizes.get(field.group(1)) * (field.group(3) == null ? 1 : elements(field.group(3)));
      widest = Math.max(widest, alignment);
    }
    sizes.put(struct, aligned(end, widest));
    alignments.put(struct, widest);
  }

  private int elements(String expression) {
    final String[] terms = expression.split("/");
    int count = term(terms[0]);
    for (int i = 1; i < terms.length; i++) {
      count /= term(terms[i]);
    }
    return count;
  }

  private int term(String text) {
    final Long constant = constants.get(text.trim());
    return constant != null ? Math.toIntExact(constant) : Integer.parseInt(text.trim());
  }

  private static int aligned(int offset, int alignment) {
    return (offset + alignment - 1) / alignment * alignment;
  }

  /** The offset of {@code struct.field}. */
  int offset(String field) {
    return offsets.get(field);
  }

  int size(String struct) {
    return sizes.get(struct);
  }

  long constant(String name) {
    return constants.get(name);
  }
}
