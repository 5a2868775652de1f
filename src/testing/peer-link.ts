/** The server's end of one connection, whatever carries it: memory, TCP or TLS. Types only. */

/** Told what the client does. */
export interface LinkEvents {
  onChunk(bytes: Uint8Array): void
  /** The client sends no more. */
  onEnd(): void
  /** Nothing is left of the connection; once. */
  onClosed(): void
}

export interface PeerLink {
  /** Begins to report. Called once. */
  start(events: LinkEvents): void
  /** Sends one chunk. Resolves when the client may have read it, so that the next is a chunk of its own. */
  send(chunk: Uint8Array): Promise<void>
  /** Sends FIN. */
  end(): void
  /** Closes both ways, without a word. */
  destroy(): void
  /** Breaks the connection, as TCP does with RST. */
  reset(): void
  /** Stops and begins again to read what the client sends. */
  pause(): void
  resume(): void
}
