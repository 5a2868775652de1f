/**
 * How a stream ends: closed by its caller, by the peer, by its session, or
 * destroyed. One rule: `aborted` before `error` before `close`, each once, and
 * the peer is told unless it was the peer that said so.
 */

import { CLOSED, FAILED } from './channels.ts'
import type { SessionPart, StreamPart, Telling } from './contract.ts'
import { streamError } from './errors.ts'
import { constants } from './runtime.ts'

export class StreamEndings {
  /** Why streams ended that are about to be destroyed. */
  readonly #causes = new WeakMap<StreamPart, Error>()

  /** Notes why a stream ends, for the error that is made of it. */
  broken(core: StreamPart, reason: Error): void {
    this.#causes.set(core, reason)
  }

  close(core: StreamPart, errorCode: number, telling: Telling): void {
    const { stream } = core
    core.closed = true
    core.rstCode = errorCode
    core.idle?.clear()
    if (stream.listenerCount('timeout') > 0) stream.removeAllListeners('timeout')
    const ending = stream.writableEnded
    if (!ending) {
      if (!core.aborted) {
        core.aborted = true
        stream.emit('aborted')
      }
      stream.end()
    }
    if (telling !== 'silent') {
      const tell = (): void => this.#tell(core, errorCode)
      const now = !ending || stream.writableFinished || errorCode !== 0 || telling === 'now'
      if (now) tell()
      else stream.once('finish', tell)
    }
    if (CLOSED.hasSubscribers) CLOSED.publish({ stream })
  }

  #tell(core: StreamPart, errorCode: number): void {
    if (core.pending) core.stream.push(null)
    core.whenReady(() => core.reset(errorCode))
  }

  /** The part of `_destroy` that is not the Duplex's own. Returns the error to be emitted. */
  destroyed(core: StreamPart, given: Error | null): Error | null {
    const session = core.session!
    const { stream } = core
    const errorCode = codeOf(core, session, given)
    // A peer whose GOAWAY names an error has given its streams up.
    const telling = core.opened && !(session.destroyed && session.goawayCode)
    if (!core.closed) this.close(core, errorCode, telling ? 'now' : 'silent')
    else if (telling) core.reset(errorCode)
    stream.push(null)
    session.forget(core)
    core.idle?.clear()
    core.detach()
    let error = given
    // CANCEL is no error: `aborted` has told of it.
    const quiet = errorCode === constants.NGHTTP2_NO_ERROR || errorCode === constants.NGHTTP2_CANCEL
    if (error === null && !quiet) error = streamError(errorCode, this.#causes.get(core))
    if (session.closed) setImmediate(() => session.destroyIfDone())
    if (error !== null && FAILED.hasSubscribers) FAILED.publish({ stream, error })
    return error
  }
}

function codeOf(core: StreamPart, session: SessionPart, error: Error | null): number {
  const ofSession = session.goawayCode || session.destroyCode
  if (error === null) return core.closed ? core.rstCode : ofSession
  if (ofSession) return ofSession
  return error.name === 'AbortError' ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_INTERNAL_ERROR
}
