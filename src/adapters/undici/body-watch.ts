/**
 * Request content whose sender wants to hear of it. Its one rule: it is sent
 * as it would be unwatched, with the fields that describe it, and each piece is
 * told of once it was taken.
 */
import type { RequestBody } from '../../index.ts'
import { lengthIn } from './request-body.ts'
import type { Fields } from './request-options.ts'

/** Its reactions run whatever clock a test has put in place of the platform's. */
const SETTLED = Promise.resolve()

/** What is told while a body is sent. */
export interface BodyWatcher {
  sent(chunk: unknown): void
  done(): void
}

/** The content again, with its watcher told of every piece that is taken. */
export function watched(body: RequestBody, fields: Fields, watcher: BodyWatcher): RequestBody {
  if (body instanceof Uint8Array) {
    void SETTLED.then(() => {
      watcher.sent(body)
      watcher.done()
    })
    return body
  }
  if (body instanceof Blob) {
    describe(fields, body.type, body.size)
    return piecesOf(body.stream() as unknown as AsyncIterable<Uint8Array>, watcher)
  }
  if (body instanceof FormData) {
    const encoded = new Response(body)
    describe(fields, encoded.headers.get('content-type') ?? '', undefined)
    return piecesOf(encoded.body as unknown as AsyncIterable<Uint8Array>, watcher)
  }
  const iterable = Symbol.asyncIterator in (body as object) || Symbol.iterator in (body as object)
  return iterable ? piecesOf(body as AsyncIterable<Uint8Array>, watcher) : body
}

/** What the client says of content that it knows, where the caller did not. */
function describe(fields: Fields, type: string, length: number | undefined): void {
  if (length !== undefined && lengthIn(fields) === undefined) fields.push(['content-length', String(length)])
  if (type !== '' && !fields.some(([name]) => name === 'content-type')) fields.push(['content-type', type])
}

async function* piecesOf(body: AsyncIterable<Uint8Array>, watcher: BodyWatcher): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    yield piece
    watcher.sent(piece)
  }
  watcher.done()
}
