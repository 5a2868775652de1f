/**
 * The library's side of a request's content: an iterator that somebody wrote by
 * hand, as like as not. Its one rule: what goes wrong while it is let go is
 * nobody's concern, and a source that never answers holds no call up.
 */

/** Lets a source go: nobody wants the rest, nor its troubles. */
export function leave(source: AsyncIterator<Uint8Array>): void {
  try {
    Promise.resolve(source.return?.()).catch(ignore)
  } catch {
    // As above.
  }
}

/** A message that is known to be whole, as bytes: they have a length, and can be sent again. */
export async function whole(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const source = body[Symbol.asyncIterator]()
  let abort = ignore
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal?.reason)
    if (signal?.aborted === true) abort()
  })
  signal?.addEventListener('abort', abort)
  try {
    const pieces: Uint8Array[] = []
    for (;;) {
      const { done, value } = await Promise.race([aborted, source.next()])
      if (done === true) break
      pieces.push(value)
    }
    return pieces.length === 1 ? pieces[0]! : new Uint8Array(await new Blob(pieces).arrayBuffer())
  } catch (error) {
    leave(source)
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

function ignore(): void {}
