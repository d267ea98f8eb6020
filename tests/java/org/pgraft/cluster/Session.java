package org.pgraft.cluster;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** A client's session on a node. Values come back as PostgreSQL prints them. One thread at a time. */
public final class Session implements AutoCloseable {
  private final Connection connection;

  Session(Connection connection) {
    this.connection = connection;
  }

  public Connection connection() {
    return connection;
  }

  /** Runs a statement and returns its rows; null for a null, no rows for a command. */
  public List<List<String>> rows(String sql, Object... arguments) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < arguments.length; i++) {
        statement.setObject(i + 1, arguments[i]);
      }
      List<List<String>> rows = new ArrayList<>();
      if (!statement.execute()) {
        return rows;
      }
      try (ResultSet result = statement.getResultSet()) {
        ResultSetMetaData meta = result.getMetaData();
        while (result.next()) {
          List<String> row = new ArrayList<>();
          for (int i = 1; i <= meta.getColumnCount(); i++) {
            row.add(result.getString(i));
          }
          rows.add(row);
        }
      }
      return rows;
    }
  }

  /** Runs a statement that gives exactly one value. */
  public String text(String sql, Object... arguments) throws SQLException {
    List<List<String>> rows = rows(sql, arguments);
    if (rows.size() != 1 || rows.get(0).size() != 1) {
      throw new AssertionError("expected one value, got " + rows + " from: " + sql);
    }
    return rows.get(0).get(0);
  }

  /** Runs a statement that gives exactly one boolean, which is not null. */
  public boolean truth(String sql, Object... arguments) throws SQLException {
    return switch (String.valueOf(text(sql, arguments))) {
      case "t" -> true;
      case "f" -> false;
      default -> throw new AssertionError("neither true nor false: " + sql);
    };
  }

  /** Runs a statement that gives exactly one whole number, which is not null. */
  public long number(String sql, Object... arguments) throws SQLException {
    return Long.parseLong(text(sql, arguments));
  }

  /** Runs a command and leaves its result. */
  public void run(String sql, Object... arguments) throws SQLException {
    rows(sql, arguments);
  }

  /**
   * Runs a statement that has to fail.
   *
   * @return the error
   * @throws AssertionError if it does not fail
   */
  public SQLException failure(String sql, Object... arguments) {
    try {
      throw new AssertionError("expected an error, got " + rows(sql, arguments) + " from: " + sql);
    } catch (SQLException e) {
      return e;
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
