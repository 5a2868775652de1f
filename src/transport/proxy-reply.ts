/**
 * A proxy's answer to CONNECT, read as it arrives (RFC 9112 §4, §5). Its one
 * rule: an octet is looked at once, and all heads together, those of interim
 * responses too (RFC 9110 §15.2), take no more than a limit.
 */

/** A proxy whose heads take more octets is refused. */
export const MAX_HEAD_SIZE = 16 * 1024
const LF = 0x0a
const STATUS_LINE_START = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.\d ([1-9]\d\d)(?: (.*))?$/

/** The head of a proxy's final response. */
export interface ReplyHead {
  readonly status: number
  /** The reason phrase. */
  readonly statusText: string
  /** Names in lower case and values, flat, in wire order. */
  readonly fields: readonly string[]
  /** What arrived behind it. The memory is that of the chunk. */
  readonly surplus: Uint8Array
}

export class ProxyReply {
  /** Octets of heads so far. */
  #size = 0
  /** The line that has not ended. */
  #line = ''
  #status = 0
  #statusText = ''
  #fields: string[] = []

  /** Takes what arrived. Nothing more is given to it once it returned anything but `'incomplete'`. */
  receive(chunk: Uint8Array): ReplyHead | 'incomplete' | 'malformed' | 'oversized' {
    let at = 0
    while (at < chunk.length) {
      const feed = chunk.indexOf(LF, at)
      const end = feed === -1 ? chunk.length : feed
      this.#size += end - at + (feed === -1 ? 0 : 1)
      if (this.#size > MAX_HEAD_SIZE) return 'oversized'
      this.#line += latin1(chunk.subarray(at, end))
      at = end + 1
      if (feed === -1) return this.#mayBecomeStatusLine() ? 'incomplete' : 'malformed'
      const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line
      this.#line = ''
      if (!this.#take(line)) return 'malformed'
      // A head that ended and was of an interim response has left no status.
      if (line === '' && this.#status !== 0) return this.#head(chunk.subarray(at))
    }
    return 'incomplete'
  }

  #mayBecomeStatusLine(): boolean {
    return this.#status !== 0 || STATUS_LINE_START.startsWith(this.#line.slice(0, STATUS_LINE_START.length))
  }

  /** Takes a line without its end. False for what is no status line where one has to be. */
  #take(line: string): boolean {
    if (this.#status === 0) {
      const [, status, text = ''] = STATUS_LINE.exec(line) ?? []
      this.#status = Number(status ?? 0)
      this.#statusText = text
      return status !== undefined
    }
    if (line !== '') this.#takeField(line)
    else if (this.#status < 200) {
      this.#status = 0
      this.#fields = []
    }
    return true
  }

  /** A line that is no field is passed over: nothing depends on it. */
  #takeField(line: string): void {
    const colon = line.indexOf(':')
    if (colon > 0) this.#fields.push(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }

  #head(surplus: Uint8Array): ReplyHead {
    return { status: this.#status, statusText: this.#statusText, fields: this.#fields, surplus }
  }
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
}
