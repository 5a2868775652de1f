/**
 * Promised requests (RFC 9113 §8.4) as `stream` events of their session. A push
 * that nobody listens for is refused.
 */

import type { PromisedHead, PushedStream, StreamSink } from '../../protocol/index.ts'
import { CREATED, STARTED } from './channels.ts'
import type { SessionPart } from './contract.ts'
import { fieldObject } from './fields-in.ts'
import { reservedStreams } from './options.ts'
import { constants } from './runtime.ts'
import { ClientHttp2Stream, CORE } from './stream.ts'

/** Promises whose response has not begun. */
function reserved(core: SessionPart): number {
  let count = 0
  for (const inner of core.streams.values()) if (inner.pushed && !inner.responded) count += 1
  return count
}

export function acceptPush(
  core: SessionPart,
  handle: PushedStream,
  head: PromisedHead,
): StreamSink | undefined {
  if (core.destroyed || core.closed || core.session.listenerCount('stream') === 0) return undefined
  if (reserved(core) >= reservedStreams(core.options)) return undefined
  const { method, scheme, authority, path, fields } = head
  const pairs = [':method', method, ':scheme', scheme, ':authority', authority, ':path', path, ...fields]
  const headers = fieldObject(pairs)
  const stream = new ClientHttp2Stream(core, true)
  const pushed = stream[CORE]
  pushed.handle = handle
  core.streams.set(handle.id, pushed)
  pushed.ready(handle.id)
  if (CREATED.hasSubscribers) CREATED.publish({ stream, headers })
  if (STARTED.hasSubscribers) STARTED.publish({ stream, headers })
  stream.end()
  pushed.deliveries.pause()
  core.tell('stream', stream, headers, constants.NGHTTP2_FLAG_END_HEADERS, pairs)
  return pushed
}
