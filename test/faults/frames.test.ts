/** Fault scenarios 33 to 45: frames and framing (RFC 9113 §4, §5.5, §6). */
import { expect } from 'vitest'
import {
  continuation,
  data,
  fieldBlock,
  frame,
  frameBytes,
  goaway,
  headers,
  ping,
  rstStream,
  type Sendable,
  settings,
  windowUpdate,
} from '../../src/testing/index.ts'
import { checkOracles, handles } from './oracles.ts'
import { type LinkKind, Run } from './run.ts'
import { FRAME_SIZE_ERROR, NO_ERROR, PROTOCOL_ERROR, scenario } from './scenario.ts'

const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
]
const UNKNOWN = 0xee
const OK = fieldBlock([[':status', '200']])

scenario(
  '#33 An unknown frame on stream 0, an open stream, an idle stream: ignored, the request completes',
  { cases: { 'stream 0': 0, open: 1, idle: 7 } },
  async (run, streamId) => {
    const asked = await run.opened()
    run.peer.send(frame(UNKNOWN, 0xff, streamId, 'whatever'), headers(1).status(204).endStream())
    await run.answers(asked, 204)
    await run.usable()
  },
)

scenario('#34 An unknown frame between HEADERS and CONTINUATION: C:PROTOCOL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(headers(1).block(OK).open(), frame(UNKNOWN, 0, 0), continuation(1, OK).flag(4))
  await run.connectionError(PROTOCOL_ERROR)
})

scenario(
  '#35 PING, SETTINGS, DATA, HEADERS of another stream within a field block: C:PROTOCOL_ERROR',
  {
    cases: {
      PING: ping(),
      SETTINGS: settings(),
      DATA: data(1, 'x'),
      HEADERS: headers(3).status(200),
      'CONTINUATION of another stream': continuation(3, OK).flag(4),
    },
  },
  async (run, intruder) => {
    await run.opened('/1')
    await run.opened('/3')
    run.peer.send(headers(1).block(OK).open(), intruder)
    await run.connectionError(PROTOCOL_ERROR)
  },
)

scenario(
  '#36 Frame length 16,385 for each type: C:FRAME_SIZE_ERROR before the payload comes',
  {
    cases: {
      DATA: [DATA, 1],
      HEADERS: [HEADERS, 1],
      PRIORITY: [PRIORITY, 1],
      RST_STREAM: [RST, 1],
      SETTINGS: [SETTINGS, 0],
      PUSH_PROMISE: [PUSH_PROMISE, 1],
      PING: [PING, 0],
      GOAWAY: [GOAWAY, 0],
      WINDOW_UPDATE: [WINDOW_UPDATE, 0],
      unknown: [UNKNOWN, 0],
    } as const,
  },
  async (run, [type, streamId]) => {
    await run.opened()
    run.peer.send(frameBytes(type!, 4, streamId, new Uint8Array(), 16_385))
    await run.connectionError(FRAME_SIZE_ERROR)
  },
)

scenario(
  '#36 CONTINUATION of 16,385 octets: C:FRAME_SIZE_ERROR before the payload comes',
  {},
  async (run) => {
    await run.opened()
    run.peer.send(headers(1).block(OK).open(), frameBytes(CONTINUATION!, 4, 1, new Uint8Array(), 16_385))
    await run.connectionError(FRAME_SIZE_ERROR)
  },
)

scenario(
  '#37 DATA, HEADERS, CONTINUATION, RST_STREAM, PRIORITY on stream 0, PING, GOAWAY, SETTINGS on stream 1: C:PROTOCOL_ERROR',
  {
    cases: {
      DATA: data(0, 'x'),
      HEADERS: headers(0).status(200),
      CONTINUATION: continuation(0, OK).flag(4),
      RST_STREAM: rstStream(0, NO_ERROR),
      PRIORITY: frame(PRIORITY!, 0, 0, '\0\0\0\0\x10'),
      PING: frame(PING!, 0, 1, '12345678'),
      GOAWAY: frame(GOAWAY!, 0, 1, '\0\0\0\0\0\0\0\0'),
      SETTINGS: frame(SETTINGS!, 0, 1),
    },
  },
  async (run, misplaced) => {
    await run.opened()
    run.peer.send(misplaced)
    await run.connectionError(PROTOCOL_ERROR)
  },
)

scenario(
  '#38 RST_STREAM of 3 octets, PING of 7, WINDOW_UPDATE of 5, GOAWAY of 7: C:FRAME_SIZE_ERROR',
  {
    cases: {
      RST_STREAM: frame(RST!, 0, 1, 'abc'),
      PING: frame(PING!, 0, 0, '1234567'),
      WINDOW_UPDATE: frame(WINDOW_UPDATE!, 0, 0, '\0\0\0\x01\0'),
      GOAWAY: frame(GOAWAY!, 0, 0, '\0\0\0\0\0\0\0'),
    },
  },
  async (run, wrong) => {
    await run.opened()
    run.peer.send(wrong)
    await run.connectionError(FRAME_SIZE_ERROR)
  },
)

scenario('#39 PRIORITY of 4 octets: S:FRAME_SIZE_ERROR, other streams go on', {}, async (run) => {
  const first = await run.opened('/1')
  const other = await run.opened('/3')
  run.peer.send(frame(PRIORITY!, 0, 1, 'abcd'), headers(3).status(200), data(3, 'fine').endStream())
  await run.fails(first, { scope: 'stream', errorCode: FRAME_SIZE_ERROR, processed: 'unknown' })
  await run.answers(other, 200, 'fine')
  await run.peer.until(rstStream(1, FRAME_SIZE_ERROR))
  await run.usable()
})

scenario(
  '#40 Padding as long as the payload, and longer: C:PROTOCOL_ERROR',
  {
    cases: {
      'DATA, as long': frame(DATA!, 8, 1, '\x04\0\0\0'),
      'DATA, longer': frame(DATA!, 8, 1, '\xff\0\0\0'),
      'HEADERS, as long': frame(HEADERS!, 12, 1, '\x04\0\0\0'),
      'HEADERS, longer': frame(HEADERS!, 12, 1, '\xff\0\0\0'),
    },
  },
  async (run, padded) => {
    await run.opened()
    if (padded.type === DATA) run.peer.send(headers(1).status(200))
    run.peer.send(padded)
    await run.connectionError(PROTOCOL_ERROR)
  },
)

scenario(
  '#41 1,000 DATA frames of 255 octets of padding and no content: an empty body, windows intact',
  { huge: true },
  async (run) => {
    const asked = await run.opened()
    const padding = Array.from({ length: 1000 }, () => data(1, '').padded(255))
    run.peer.send(headers(1).status(200), ...padding, data(1, '').endStream())
    await run.answers(asked, 200, '')
    await run.usable()
  },
)

scenario(
  '#42 Frames on an even stream never promised, on an odd one never opened: C:PROTOCOL_ERROR',
  {
    cases: {
      'HEADERS on 2': headers(2).status(200),
      'DATA on 2': data(2, 'x'),
      'RST_STREAM on 2': rstStream(2, NO_ERROR),
      'WINDOW_UPDATE on 2': windowUpdate(2, 1),
      'HEADERS on 9': headers(9).status(200),
      'DATA on 9': data(9, 'x'),
      'RST_STREAM on 9': rstStream(9, NO_ERROR),
      'WINDOW_UPDATE on 9': windowUpdate(9, 1),
    },
  },
  async (run, stray) => {
    await run.opened()
    run.peer.send(stray)
    await run.connectionError(PROTOCOL_ERROR)
  },
)

/** The same frame with the reserved bit of its stream identifier set. */
function reserved(bytes: Uint8Array, at = 5): Uint8Array {
  const changed = bytes.slice()
  changed[at]! |= 0x80
  return changed
}

scenario('#43 The reserved bit in each field that has one: ignored', {}, async (run) => {
  const asked = await run.opened('/1')
  const upload = run.post('/3', new Uint8Array(70_000))
  await run.peer.until(headers(3))
  const frames: Sendable[] = [
    reserved(settings().toBytes()),
    reserved(ping().toBytes()),
    reserved(reserved(windowUpdate(0, 10_000).toBytes()), 9),
    reserved(reserved(windowUpdate(3, 10_000).toBytes()), 9),
    reserved(headers(1).status(200).toBytes()),
    reserved(data(1, 'fine').endStream().toBytes()),
  ]
  run.peer.send(...frames)
  await run.answers(asked, 200, 'fine')
  await run.peer.until(data(3).endStream())
  run.peer.send(reserved(reserved(goaway(3).toBytes()), 9), headers(3).status(204).endStream())
  await run.answers(upload, 204)
})

scenario(
  '#44 The last frame is cut short, then FIN: streams fail as closed, nothing crashes',
  {
    cases: {
      'in the frame header': headers(1).status(200).toBytes().subarray(0, 5),
      'in HEADERS': headers(1).status(200).toBytes().subarray(0, 12),
      'in DATA': data(1, 'content').toBytes().subarray(0, 12),
      'in SETTINGS': settings({ maxFrameSize: 16_384 }).toBytes().subarray(0, 11),
    },
  },
  async (run, cut) => {
    const asked = await run.opened()
    if (cut[3] === DATA) run.peer.send(headers(1).status(200))
    run.peer.send(cut)
    run.peer.end()
    await run.fails(asked, { scope: 'transport', code: 'H2_CONNECTION_CLOSED', initiator: 'peer' })
  },
)

scenario(
  '#45 A legal conversation cut in two at every octet: the same response each time',
  {},
  async (outer) => {
    outer.silent = true
    const conversation = [
      headers(1).status(103).field('link', '</a>'),
      headers(1).status(200).field('x-long', 'y'.repeat(20)).splitAt(16),
      data(1, 'hel').padded(5),
      ping('12345678'),
      data(1, 'lo'),
      headers(1).field('x-trailer', 'z').endStream(),
    ]
    const bytes = conversation.flatMap((part) => [...part.toBytes()])
    const offset = outer.delivery.length % 16
    for (let at = 0; at <= bytes.length; at += 1) {
      const before = handles()
      // A socket for every 16th, and a different 16th in each of the four modes.
      const link = at % 16 === offset ? outer.link : (`memory, as ${outer.link}` as LinkKind)
      const run = await Run.begin(link, outer.delivery, {})
      const asked = await run.opened()
      run.peer.send(Uint8Array.from(bytes.slice(0, at)))
      await run.clock.advance(0)
      run.peer.send(Uint8Array.from(bytes.slice(at)))
      await run.answers(asked, 200, 'hello')
      const { response } = await asked.outcome
      expect(response?.informational.map(({ status }) => status)).toEqual([103])
      expect(response?.getHeader('x-long')).toBe('y'.repeat(20))
      expect((await response?.trailers)?.get('x-trailer')).toBe('z')
      await checkOracles(run, before)
    }
  },
)
