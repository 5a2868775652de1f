/**
 * The moment at which a request gets its identifier and goes to the engine:
 * when it is made, or when the session has connected. What cannot be sent ends
 * its stream as nghttp2 would.
 */

import { STARTED } from './channels.ts'
import type { SessionPart } from './contract.ts'
import { plainError } from './errors.ts'
import type { PreparedRequest } from './fields-out.ts'
import { fieldBlockLimit } from './options.ts'
import { constants } from './runtime.ts'
import type { StreamCore } from './stream-core.ts'

/** The type of the frame (RFC 9113 §6.2). */
const HEADERS = 1
const MAX_STREAM_ID = 2 ** 31 - 1
/** Octets by which nghttp2 bounds a field block before it is made: for the block, and for each name and value. */
const BLOCK_BOUND = 12

export function startRequest(
  core: SessionPart,
  inner: StreamCore,
  prepared: PreparedRequest,
  ends: boolean,
  parent: number,
): void {
  const { stream } = inner
  // It was destroyed with the session, or given up.
  if (core.destroyed || stream.destroyed) return
  if (core.closed) {
    stream.destroy(plainError('ERR_HTTP2_GOAWAY_SESSION'))
    return
  }
  const id = core.nextStreamId
  if (id > MAX_STREAM_ID) {
    stream.destroy(plainError('ERR_HTTP2_OUT_OF_STREAMS'))
    return
  }
  if (parent === id) {
    stream.destroy(plainError('ERR_HTTP2_STREAM_SELF_DEPENDENCY'))
    return
  }
  core.nextStreamId = id + 2
  core.waiting.delete(inner)
  core.streams.set(id, inner)
  if (!prepared.sendable) {
    inner.ready(id)
    setImmediate(() => inner.over(constants.NGHTTP2_PROTOCOL_ERROR))
    return
  }
  if (blockBound(prepared.fields) > fieldBlockLimit(core.options)) {
    inner.ready(id)
    setImmediate(() => tooLarge(core, inner))
    return
  }
  open(core, inner, prepared, ends, id)
  if (STARTED.hasSubscribers) STARTED.publish({ stream, headers: inner.sent?.object })
}

function open(
  core: SessionPart,
  inner: StreamCore,
  prepared: PreparedRequest,
  ends: boolean,
  id: number,
): void {
  const { method, scheme, authority = '', fields, sensitive } = prepared
  const wire = core.wire!
  const head = {
    method,
    scheme,
    authority,
    fields: [],
    section: fields,
    sensitive,
    streamId: id,
    duplex: true,
  }
  inner.handle = wire.engine.open(head, ends, inner, wire.now())
  inner.ready(id)
  wire.schedule()
}

function tooLarge(core: SessionPart, inner: StreamCore): void {
  if (inner.stream.destroyed) return
  inner.stream.emit('frameError', HEADERS, constants.NGHTTP2_FRAME_SIZE_ERROR, inner.id)
  inner.over(constants.NGHTTP2_REFUSED_STREAM)
  core.session.close()
}

function blockBound(fields: readonly string[]): number {
  let octets = BLOCK_BOUND
  for (const text of fields) octets += text.length + BLOCK_BOUND / 2
  return octets
}
