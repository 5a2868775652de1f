/**
 * A response as smithy reads it: a record of fields, and a Node stream, which
 * decoders of event streams and `transformToByteArray` want. Its one rule: the
 * stream asks for a piece when it is read, so that the peer is held back by a
 * slow reader (RFC 9113 §5.2); destroying it cancels the rest.
 */
import { Readable } from 'node:stream'
import type { HTTP20Response } from '../../index.ts'
import type { SmithyResponse } from './contract.ts'

/** How the content ended, or broke off. */
export interface ContentEnds {
  /** The error to show for what a read rejected with. */
  failure(error: unknown): Error
  /** Nothing more will be read. */
  over(): void
}

export function smithyResponse(response: HTTP20Response, ends: ContentEnds): SmithyResponse {
  const fields = new Map<string, string>()
  for (const [name, value] of response.rawHeaders) {
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  const { status: statusCode, statusText: reason } = response
  // A name may be that of a member which every object has.
  const headers = Object.fromEntries(fields)
  const answer = { statusCode, headers, body: new ResponseContent(response, ends) }
  // Over HTTP/2 nobody says one.
  return reason === '' ? answer : { ...answer, reason }
}

/** Octets to take at a time: fewer would only be more work. */
const PIECE = 65_536

class ResponseContent extends Readable {
  readonly #response: HTTP20Response
  readonly #ends: ContentEnds
  #complete: boolean

  constructor(response: HTTP20Response, ends: ContentEnds) {
    super({ highWaterMark: PIECE })
    this.#response = response
    this.#ends = ends
    this.#complete = false
  }

  override _read(): void {
    this.#response.read(PIECE).then(
      (piece) => {
        this.#complete = piece.length === 0
        this.push(this.#complete ? null : piece)
      },
      (error) => this.destroy(this.#ends.failure(error)),
    )
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#complete) this.#response.cancel()
    this.#ends.over()
    // As responses of node:http do: an error that nobody listens for ends no process.
    callback(this.listenerCount('error') === 0 ? null : error)
  }
}
