/**
 * Reads the content of a response for a stream of Node: one piece at a time,
 * asked for when the stream asks, so that a reader who stops stops the peer
 * (RFC 9113 §5.2). Its one rule: what was read is told in a turn of its own,
 * so that a listener that throws is blamed for it and nobody else.
 */
import type { HTTP20Response } from '../../index.ts'

/** Octets asked for at a time: fewer would only be more work. */
export const READ_SIZE = 65_536

export class ContentReader {
  readonly #response: HTTP20Response
  readonly #give: (bytes: Buffer) => void
  readonly #fail: (error: unknown) => void
  #reading: boolean

  /** `give` is called with each piece, an empty one at the end; `fail` if the response breaks off. */
  constructor(response: HTTP20Response, give: (bytes: Buffer) => void, fail: (error: unknown) => void) {
    this.#response = response
    this.#give = give
    this.#fail = fail
    this.#reading = false
  }

  /** Asks for the next piece; while one is asked for, nothing. */
  read(): void {
    if (this.#reading) return
    this.#reading = true
    this.#response.read(READ_SIZE).then(
      (bytes) => process.nextTick(this.#gave, bytes),
      (error) => process.nextTick(this.#failed, error),
    )
  }

  readonly #gave = ({ buffer, byteOffset, byteLength }: Uint8Array): void => {
    this.#reading = false
    this.#give(Buffer.from(buffer, byteOffset, byteLength))
  }

  readonly #failed = (error: unknown): void => {
    this.#reading = false
    this.#fail(error)
  }
}
