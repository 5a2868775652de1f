/**
 * The body of a platform `Request`, which is a stream whatever it was made of.
 * Its one rule: one that is at hand, and short or in one piece, becomes bytes,
 * which can be sent again; nobody who writes slowly is waited for.
 */
import { joinBytes } from '../../bytes.ts'
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
      if (result.done) return { body: whole(pieces), replayable: true }
      const bytes = pieceBytes(result.value)
      pieces.push(bytes)
      length += bytes.length
    }
    return { body: new Rest(pieces, reader, undefined), replayable: false }
  } finally {
    clearTimeout(timer)
  }
}

/** What came in one piece is not copied. */
function whole(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : joinBytes(pieces)
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
