/**
 * Where lines of text about connections and requests go, if the caller wants them.
 */

/** Takes lines of text; each method may be missing. */
export interface Logger {
  /** Requests and their responses. */
  debug?(line: string): void
  /** Connections. */
  info?(line: string): void
  /** Failures of connections. */
  warn?(line: string): void
}
