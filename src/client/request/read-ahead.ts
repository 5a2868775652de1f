/**
 * The body of a platform `Request`, which is a stream whatever it was made of.
 * Its one rule: one that is at hand, and short or in one piece, becomes bytes,
 * which can be sent again; nobody who writes slowly is waited for.
 */
import { pieceBytes, type RequestBody } from './request-body.ts'

/** Octets up to which a body in several pieces is bytes. */
const LIMIT = 65_536
/** What is at hand comes within this, in milliseconds. */
const AT_HAND_MS = 10

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** The body as bytes, or what was read and the rest as pieces. Rejects with what the stream fails with. */
export async function readAhead(reader: Reader): Promise<{ body: RequestBody; replayable: boolean }> {
  const pieces: Uint8Array[] = []
  let length = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, AT_HAND_MS, undefined)
  })
  try {
    // What comes in one piece was in memory before, and is kept at no cost.
    while (length <= LIMIT || pieces.length === 1) {
      const asked = reader.read()
      const result = await Promise.race([asked, late])
      if (result === undefined) return { body: new Rest(pieces, reader, asked), replayable: false }
      if (result.done) return { body: joined(pieces, length), replayable: true }
      const bytes = pieceBytes(result.value)
      pieces.push(bytes)
      length += bytes.length
    }
    return { body: new Rest(pieces, reader, undefined), replayable: false }
  } finally {
    clearTimeout(timer)
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** Pieces that were read, then those that are yet to come. */
class Rest implements AsyncIterableIterator<Uint8Array> {
  readonly #pieces: Uint8Array[]
  readonly #reader: Reader
  /** A read that was not answered yet. */
  #asked: ReturnType<Reader['read']> | undefined

  constructor(pieces: Uint8Array[], reader: Reader, asked: ReturnType<Reader['read']> | undefined) {
    this.#pieces = pieces
    this.#reader = reader
    this.#asked = asked
    // Whoever asks for the next piece hears of it.
    asked?.catch(() => {})
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#pieces.shift()
    if (piece !== undefined) return { done: false, value: piece }
    const asked = this.#asked ?? this.#reader.read()
    this.#asked = undefined
    const result = await asked
    return result.done ? { done: true, value: undefined } : result
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#pieces.length = 0
    await this.#reader.cancel()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
