package org.pgraft.worker;

import org.pgraft.config.LogLevel;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/** A logger of SLF4J that writes to PostgreSQL's log; see {@link ServerLog}. Thread-safe. */
final class ServerLogger extends LegacyAbstractLogger {
  private static final long serialVersionUID = 1L;

  ServerLogger(String name) {
    this.name = name;
  }

  @Override
  public boolean isTraceEnabled() {
    return false;
  }

  @Override
  public boolean isDebugEnabled() {
    return ServerLog.instance().isWanted(name, LogLevel.DEBUG);
  }

  @Override
  public boolean isInfoEnabled() {
    return ServerLog.instance().isWanted(name, LogLevel.INFO);
  }

  @Override
  public boolean isWarnEnabled() {
    return ServerLog.instance().isWanted(name, LogLevel.WARNING);
  }

  @Override
  public boolean isErrorEnabled() {
    return ServerLog.instance().isWanted(name, LogLevel.ERROR);
  }

  @Override
  protected String getFullyQualifiedCallerName() {
    return null;
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level, Marker marker, String pattern, Object[] arguments, Throwable thrown) {
    ServerLog.instance().log(name, levelOf(level), MessageFormatter.basicArrayFormat(pattern, arguments), thrown);
  }

  private static LogLevel levelOf(Level level) {
    return switch (level) {
      case TRACE, DEBUG -> LogLevel.DEBUG;
      case INFO -> LogLevel.INFO;
      case WARN -> LogLevel.WARNING;
      case ERROR -> LogLevel.ERROR;
    };
  }
}
