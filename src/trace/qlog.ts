/**
 * qlog of a recording, as JSON-SEQ (RFC 7464 §2): the events of docs/qlog-http2.md,
 * whose names follow those that qlog has for HTTP/3. One record a line.
 */
import { readUint16, readUint32 } from '../bytes.ts'
import { Flag, FrameType, settingName } from '../frame/registry.ts'
import { ConnectionState, type FrameRow } from './connection-state.ts'
import { isFrame, Kind } from './event-kind.ts'
import type { CodedField } from './field-blocks.ts'
import { applyFrame, type RecordedFrame } from './recorded-frame.ts'
import type { RecordedEvent, RecordedStory } from './recorded-story.ts'
import { utf8Text } from './text.ts'

/** Names the events of docs/qlog-http2.md. */
const SCHEMA = 'https://www.npmjs.com/package/hyper-h2/112026/http2'

type Data = Record<string, unknown>
type Line = { time: number; name: string; data: Data; group_id?: string }

export function qlogOf(story: RecordedStory): string {
  const lines = [headerOf(story), ...eventsOf(story).sort((a, b) => a.time - b.time)]
  return lines.map((line) => `\x1e${JSON.stringify(line)}\n`).join('')
}

function headerOf({ head }: RecordedStory): Data {
  return {
    file_schema: 'urn:ietf:params:qlog:file:sequential',
    serialization_format: 'application/qlog+json-seq',
    title: 'HTTP/2, as the client saw it',
    trace: {
      vantage_point: { name: 'hyper-h2', type: 'client' },
      event_schemas: [SCHEMA],
      common_fields: {
        time_format: 'relative_to_epoch',
        reference_time: { clock_type: 'system', epoch: '1970-01-01T00:00:00.000Z', offset: head.epoch },
        protocol_types: ['HTTP2'],
      },
    },
  }
}

function eventsOf(story: RecordedStory): Line[] {
  const frames = new Map(story.frames().map((frame) => [frame.row, frame]))
  const states = new Map<number, ConnectionState>()
  const lines: Line[] = []
  for (const event of story.events()) {
    const group_id = String(event.connection)
    const push = (name: string, data: Data): void => {
      lines.push({ time: event.time, name: `http2:${name}`, data, ...(event.connection > 0 && { group_id }) })
    }
    if (!isFrame(event.kind)) {
      const said = told(event)
      if (said !== undefined) push(...said)
      continue
    }
    let state = states.get(event.connection)
    if (state === undefined) {
      state = new ConnectionState(story.head.bases[event.connection])
      states.set(event.connection, state)
    }
    frameEvents(frames.get(event.row)!, state, push)
  }
  for (const { request, stalls } of story.stalls()) {
    for (const { from, to, cause, of, streams } of stalls) {
      if (cause === 'transfer') continue
      const data = {
        stream_id: request.stream,
        trigger: cause.replaceAll(' ', '_'),
        duration: to - from,
        ...(of && { window: of }),
        ...(streams.length > 0 && { other_streams: streams }),
      }
      lines.push({ time: from, name: 'http2:stalled', data, group_id: String(request.connection) })
    }
  }
  return lines
}

type Push = (name: string, data: Data) => void

function frameEvents(frame: RecordedFrame, state: ConnectionState, push: Push): void {
  const { direction, type, stream, flags, length, payload } = frame
  const sent = direction === 'sent'
  const row: FrameRow = { sent, type, flags, stream, length, buf: payload, start: 0, end: payload.length }
  const sizes = [state.sendBlocks.size, state.recvBlocks.size]
  const fields = applyFrame(state, row)
  push(sent ? 'frame_created' : 'frame_parsed', { stream_id: stream, frame: frameData(frame, fields) })
  if (type === FrameType.SETTINGS && (flags & Flag.ACK) === 0) {
    push('parameters_set', { initiator: sent ? 'local' : 'remote', ...settingsOf(payload) })
  }
  if (type === FrameType.DATA || type === FrameType.WINDOW_UPDATE) {
    const ours = sent === (type === FrameType.WINDOW_UPDATE)
    push('window_updated', {
      owner: ours ? 'local' : 'remote',
      connection: ours ? state.recvWindow : state.sendWindow,
      ...(stream > 0 && {
        stream_id: stream,
        stream: ours ? state.recvWindowOf(stream) : state.sendWindowOf(stream),
      }),
    })
  }
  const blocks = sent ? state.sendBlocks : state.recvBlocks
  if (fields !== undefined && sizes[sent ? 0 : 1] !== blocks.size) {
    push('hpack_table_updated', {
      owner: sent ? 'remote' : 'local',
      size: blocks.size,
      maximum: blocks.maxSize,
    })
  }
}

function frameData(frame: RecordedFrame, fields: readonly CodedField[] | undefined): Data {
  const { name, flags, length, payload, type } = frame
  const data: Data = {
    frame_type: name.toLowerCase(),
    flags,
    raw: { length: length + 9, payload_length: length },
  }
  if (fields !== undefined) {
    data.headers = fields.map((field) => ({ name: field.name, value: field.value, form: field.form }))
  }
  const number = payload.length >= 4 ? readUint32(payload, 0) : undefined
  if (type === FrameType.SETTINGS) data.settings = settingsOf(payload)
  else if (type === FrameType.RST_STREAM) data.error_code = number
  else if (type === FrameType.WINDOW_UPDATE) data.increment = number
  else if (type === FrameType.PUSH_PROMISE) data.promised_stream_id = number
  else if (type === FrameType.GOAWAY && payload.length >= 8) {
    data.last_stream_id = number
    data.error_code = readUint32(payload, 4)
  }
  return data
}

function settingsOf(payload: Uint8Array): Data {
  const settings: Data = {}
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    settings[settingName(readUint16(payload, at)).toLowerCase()] = readUint32(payload, at + 2)
  }
  return settings
}

/** What only the client knows. */
function told(event: RecordedEvent): [name: string, data: Data] | undefined {
  const { kind, subject, value, octets } = event
  const text = utf8Text(octets)
  switch (kind) {
    case Kind.CALLED:
      return ['request_called', { request: subject, target: text }]
    case Kind.OPENED:
      return ['stream_opened', { request: subject, stream_id: value }]
    case Kind.SETTLED:
      return ['request_settled', { request: subject, ...(value !== 0 && { error: text }) }]
    case Kind.DIAL:
      return ['connection_started', { origin: text }]
    case Kind.DIAL_STEP:
      return ['connection_step', { step: text, duration: value / 1000 }]
    case Kind.DIALLED:
      return ['connection_established', { details: text }]
    case Kind.CLOSED:
      return ['connection_closed', value === 0 ? {} : { error: text }]
    case Kind.ROUND_TRIP:
      return ['round_trip_measured', { duration: value / 1000 }]
    case Kind.BLOCKED:
    case Kind.WRITABLE:
      return ['socket_updated', { writable: kind === Kind.WRITABLE }]
    default:
      return undefined
  }
}
