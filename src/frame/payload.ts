/**
 * From a whole payload to one call of the sink, for every type but DATA
 * (RFC 9113 §6.2 to §6.10). One rule: the header was judged before, so what is
 * read here is there; reserved bits are dropped (RFC 9113 §4.1).
 */
import { readUint31, readUint32 } from '../bytes.ts'
import { type Fault, protocolError } from './frame-rules.ts'
import { ErrorCode, Flag, FrameType } from './registry.ts'
import type { FrameSink } from './sink.ts'

const { HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY } = FrameType
const { WINDOW_UPDATE, CONTINUATION, ALTSVC, ORIGIN, PRIORITY_UPDATE } = FrameType
const { END_STREAM, ACK, END_HEADERS, PADDED } = Flag
const PRIORITY_FIELDS = Flag.PRIORITY

/** Hands the payload `buf[start, end)` to the sink, or returns the rule that it breaks. */
export function deliver(
  sink: FrameSink,
  type: number,
  flags: number,
  streamId: number,
  buf: Uint8Array,
  start: number,
  end: number,
): Fault | undefined {
  switch (type) {
    case HEADERS:
      return deliverHeaders(sink, flags, streamId, buf, start, end)
    case WINDOW_UPDATE:
      return deliverWindowUpdate(sink, streamId, readUint31(buf, start))
    case PUSH_PROMISE:
      return deliverPushPromise(sink, flags, streamId, buf, start, end)
    case CONTINUATION:
      sink.onContinuation(streamId, (flags & END_HEADERS) !== 0, buf, start, end)
      break
    case RST_STREAM:
      sink.onRstStream(streamId, readUint32(buf, start))
      break
    case SETTINGS:
      if ((flags & ACK) !== 0) sink.onSettingsAck()
      else sink.onSettings(buf, start, end)
      break
    case PING:
      sink.onPing((flags & ACK) !== 0, buf, start)
      break
    case GOAWAY:
      sink.onGoaway(readUint31(buf, start), readUint32(buf, start + 4), buf, start + 8, end)
      break
    case PRIORITY:
      sink.onPriority(streamId)
      break
    case ALTSVC:
      sink.onAltSvc(streamId, buf, start, end)
      break
    case ORIGIN:
      sink.onOrigin(streamId, buf, start, end)
      break
    case PRIORITY_UPDATE:
      sink.onPriorityUpdate(streamId, buf, start, end)
      break
  }
  return undefined
}

function deliverHeaders(
  sink: FrameSink,
  flags: number,
  streamId: number,
  buf: Uint8Array,
  start: number,
  end: number,
): Fault | undefined {
  let from = start
  let to = end
  if ((flags & PADDED) !== 0) to -= buf[from++]!
  if ((flags & PRIORITY_FIELDS) !== 0) from += 5
  if (to < from) return protocolError('HEADERS padding exceeds its field block fragment (RFC 9113 §6.2)')
  sink.onHeaders(streamId, (flags & END_STREAM) !== 0, (flags & END_HEADERS) !== 0, buf, from, to)
  return undefined
}

function deliverPushPromise(
  sink: FrameSink,
  flags: number,
  streamId: number,
  buf: Uint8Array,
  start: number,
  end: number,
): Fault | undefined {
  let from = start
  let to = end
  if ((flags & PADDED) !== 0) to -= buf[from++]!
  const promisedStreamId = readUint31(buf, from)
  from += 4
  if (to < from) return protocolError('PUSH_PROMISE padding exceeds its field block fragment (RFC 9113 §6.6)')
  sink.onPushPromise(streamId, promisedStreamId, (flags & END_HEADERS) !== 0, buf, from, to)
  return undefined
}

function deliverWindowUpdate(sink: FrameSink, streamId: number, increment: number): Fault | undefined {
  if (increment !== 0) {
    sink.onWindowUpdate(streamId, increment)
    return undefined
  }
  const reason = 'WINDOW_UPDATE increment 0 (RFC 9113 §6.9)'
  if (streamId === 0) return protocolError(reason)
  sink.onStreamError(streamId, ErrorCode.PROTOCOL_ERROR, reason)
  return undefined
}
