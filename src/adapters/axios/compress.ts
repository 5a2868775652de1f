/**
 * The coding `compress` (RFC 9110 §8.4.1.1), which axios takes for gzip under
 * another name. Its one rule: only where it stands alone, as the client undoes
 * none of several codings of which it does not know one.
 */
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'
import { constants, createUnzip } from 'node:zlib'

/** Counts what is given of a body; `add` throws for what is too much. */
export interface Counter {
  add(length: number): void
  end(): void
}

/** Whether a `content-encoding` is this coding, and no other. */
export function isCompress(codings: string): boolean {
  return /^[\t ]{0,9}(?:x-)?compress[\t ]{0,9}$/i.test(codings)
}

/** The content before it was coded, counted as it is given. */
export function uncompressed(raw: Readable, count: Counter): Readable {
  // As axios does: content that breaks off is given as far as it came.
  const unzip = createUnzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH })
  const counted = new Transform({
    transform(chunk: Buffer, _encoding: string, done: TransformCallback) {
      try {
        count.add(chunk.length)
      } catch (error) {
        done(error as Error)
        return
      }
      done(null, chunk)
    },
    flush(done: TransformCallback) {
      count.end()
      done()
    },
  })
  return pipeline(raw, unzip, counted, ignore)
}

function ignore(): void {}
