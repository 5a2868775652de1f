/**
 * Honest servers, as habits that can be mixed: what each sends beside its
 * answers, and how it cuts them into frames. All of it is legal, and none of it
 * is an attack, however many responses there are in a second.
 */
import {
  block,
  CONTINUATION,
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  latin1,
  PRIORITY,
  paddedData,
  ping,
  response,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../support/wire.ts'

type Frames = readonly Uint8Array[]

/** What a server does, each part left out where it does as all others do. */
export interface Habit {
  readonly name: string
  /** Entries of its first SETTINGS. */
  readonly settings?: Readonly<Record<number, number>>
  /** Behind its first SETTINGS. */
  readonly greeting?: Frames
  /** What requests are: octets of content, in so many pieces. */
  readonly upload?: { readonly octets: number; readonly pieces: number }
  /** The client gives up this request, when its HEADERS are out. */
  readonly cancelled?: (turn: number) => boolean
  /** What ends the request in place of a response. */
  readonly refused?: (id: number, turn: number) => Frames | undefined
  /** When the request was read. */
  readonly asked?: (id: number, turn: number) => Frames
  /** For each piece of the request's content. */
  readonly taken?: (id: number) => Frames
  /** How content is given back to the windows, once; `late`: behind the end of the response. */
  readonly credit?: (id: number, octets: number) => Frames
  readonly late?: boolean
  /** Behind the head of the response. */
  readonly answered?: (id: number, turn: number) => Frames
  /** Behind each DATA frame. */
  readonly beside?: (id: number) => Frames
  /** Behind the end of the response. */
  readonly ended?: (id: number, turn: number) => Frames
  readonly head?: (id: number) => Frames
  /** The head ends the stream. */
  readonly bare?: boolean
  /** Octets of content in a DATA frame. */
  readonly piece?: number
  readonly data?: (id: number, content: Uint8Array, turn: number) => Uint8Array
  readonly end?: (id: number) => Frames
}

const CONTENT = new Uint8Array(40).fill(0x78)
const PING_OCTETS = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const NO_ERROR = 0
const ALTSVC = 0xa
const ORIGIN = 0xc
const GREASE = 0xb0
const updates = (id: number, count: number) => [
  ...Array.from({ length: count }, () => windowUpdate(id, 1)),
  ...Array.from({ length: count }, () => windowUpdate(0, 1)),
]
const inOne = (id: number, octets: number) => [windowUpdate(id, octets), windowUpdate(0, octets)]
const early = (id: number, status: number) => headers(id, [[':status', `${status}`]])
const trailers = (id: number) => headers(id, [['grpc-status', '0']], END_HEADERS | END_STREAM)

export const HABITS: readonly Habit[] = [
  { name: 'nothing beside its answers' },
  { name: 'content an octet at a time', piece: 1 },
  { name: 'an empty DATA frame before the end', end: (id) => [data(id, ''), data(id, '', true)] },
  {
    name: 'an empty DATA frame behind each piece, as a flush leaves it',
    piece: 4,
    beside: (id) => [data(id, '')],
  },
  {
    name: 'a flush of the head, two empty DATA frames',
    answered: (id) => [data(id, ''), data(id, '')],
  },
  {
    name: 'padding of any length',
    piece: 10,
    data: (id, content, turn) => paddedData(id, 'x'.repeat(content.length), turn % 200),
  },
  { name: 'a frame of padding alone', answered: (id, turn) => [paddedData(id, '', turn % 200)] },
  { name: 'PING with each response', ended: () => [ping(PING_OCTETS)] },
  { name: 'PING with each request', asked: () => [ping(PING_OCTETS)] },
  { name: 'PING with each DATA frame that it sends', piece: 8, beside: () => [ping(PING_OCTETS)] },
  {
    name: 'PING with each DATA frame that it gets, to measure the path',
    upload: { octets: 16, pieces: 4 },
    taken: () => [ping(PING_OCTETS)],
  },
  {
    name: 'WINDOW_UPDATE for each octet',
    upload: { octets: 12, pieces: 3 },
    credit: updates,
  },
  {
    name: 'WINDOW_UPDATE for each octet, late',
    upload: { octets: 12, pieces: 1 },
    credit: updates,
    late: true,
  },
  {
    name: 'a window that opens with WINDOW_UPDATE alone',
    settings: { 4: 0 },
    upload: { octets: 32, pieces: 1 },
    asked: (id) => Array.from({ length: 8 }, () => windowUpdate(id, 4)),
  },
  { name: 'WINDOW_UPDATE with each request, though it has no content', asked: (id) => [windowUpdate(id, 1)] },
  {
    name: 'frames of unknown types',
    asked: (id, turn) => [frame(GREASE + (turn % 8) * 0x1f, 0xff, turn % 2 === 0 ? 0 : id, latin1('grease'))],
    ended: (id) => [frame(GREASE, 0, id)],
  },
  {
    name: 'unknown settings',
    settings: { 3: 1000, 2570: 7, 6682: 0xffffffff },
    greeting: [settings({ 10794: 1 })],
  },
  { name: 'SETTINGS twice', greeting: [settings(), settings({ 3: 100_000 })] },
  {
    name: 'SETTINGS now and then',
    ended: (_id, turn) => (turn % 10 === 0 ? [settings({ 4: 65_535 + (turn % 9) })] : []),
  },
  {
    name: 'informational responses, 100 and two of 103',
    asked: (id) => [100, 103, 103].map((status) => early(id, status)),
  },
  {
    name: 'informational responses that tell of the progress of an upload',
    upload: { octets: 40, pieces: 20 },
    taken: (id) => [early(id, 104)],
  },
  {
    name: 'late frames for what was given up',
    cancelled: (turn) => turn % 2 === 0,
    ended: (id) => [windowUpdate(id, 9), rstStream(id, NO_ERROR)],
  },
  { name: 'every request given up', cancelled: () => true, asked: () => [ping(PING_OCTETS)] },
  {
    name: 'RST_STREAM and WINDOW_UPDATE behind the end',
    ended: (id) => [rstStream(id, NO_ERROR), windowUpdate(id, 100), windowUpdate(0, 100)],
  },
  {
    name: 'field blocks in several frames, one of them empty',
    head: (id) => {
      const octets = block([
        [':status', '200'],
        ['x', 'y'.repeat(40)],
      ])
      return [
        frame(HEADERS, 0, id, octets.subarray(0, 5)),
        frame(CONTINUATION, 0, id),
        frame(CONTINUATION, 0, id, octets.subarray(5, 6)),
        frame(CONTINUATION, END_HEADERS, id, octets.subarray(6)),
      ]
    },
  },
  { name: 'trailers', end: (id) => [trailers(id)] },
  { name: 'trailers behind an empty DATA frame', end: (id) => [data(id, ''), trailers(id)] },
  { name: 'a head that ends the stream', bare: true },
  {
    name: 'PRIORITY, and a priority in its HEADERS',
    head: (id) => [
      frame(
        HEADERS,
        END_HEADERS | 0x20,
        id,
        concat(uint32(0), Uint8Array.of(15), block([[':status', '200']])),
      ),
    ],
    ended: (id) => [frame(PRIORITY, 0, id, new Uint8Array(5))],
  },
  {
    name: 'ALTSVC and ORIGIN with each response',
    ended: (id) => [
      frame(ALTSVC, 0, id, latin1('\0\0h3=":443"')),
      frame(ORIGIN, 0, 0, latin1('\0\x0ehttps://a.test')),
    ],
  },
  {
    name: 'REFUSED_STREAM for every second request',
    refused: (id, turn) => (turn % 2 === 0 ? [rstStream(id, 7)] : undefined),
  },
  {
    name: 'a malformed response now and then, and its content behind it',
    refused: (id, turn) =>
      turn % 3 === 0
        ? [
            headers(id, [
              [':status', '200'],
              ['bad name', 'x'],
            ]),
            data(id, CONTENT),
            trailers(id),
          ]
        : undefined,
  },
  {
    name: 'an answer before the upload ends',
    settings: { 4: 1000 },
    greeting: [windowUpdate(0, 1_000_000)],
    upload: { octets: 70_000, pieces: 1 },
    credit: () => [windowUpdate(0, 1000)],
    ended: (id) => [rstStream(id, NO_ERROR)],
  },
]

/** What a server with these habits sends first. */
export function greeting(habits: readonly Habit[]): Uint8Array {
  const entries = Object.assign({}, ...habits.map((habit) => habit.settings ?? {}))
  return concat(settings(entries), settingsAck, ...habits.flatMap((habit) => habit.greeting ?? []))
}

/** Octets of content of each request to a server with these habits, and how they are cut. */
export function uploadOf(habits: readonly Habit[]): Habit['upload'] {
  const uploads = habits.flatMap(({ upload }) => upload ?? [])
  return uploads.sort((a, b) => a.octets - b.octets)[0]
}

/** What it sends for one request, which it may have got without content as it was `cancelled`, in the pieces in which it comes. */
export function answer(habits: readonly Habit[], id: number, turn: number, cancelled: boolean): Uint8Array[] {
  const all = (part: (habit: Habit) => Frames | undefined) => habits.flatMap((habit) => part(habit) ?? [])
  const last = <K extends keyof Habit>(key: K) => habits.findLast((habit) => habit[key] !== undefined)?.[key]
  const asked = all((habit) => habit.asked?.(id, turn))
  const { octets, pieces } = (cancelled ? undefined : uploadOf(habits)) ?? { octets: 0, pieces: 0 }
  const taken = Array.from({ length: pieces }, () => all((habit) => habit.taken?.(id))).flat()
  const credit = octets === 0 ? [] : (last('credit') ?? inOne)(id, octets)
  if (last('late') !== true) taken.push(...credit)
  const refusal = habits.map((habit) => habit.refused?.(id, turn)).find((frames) => frames !== undefined)
  if (refusal !== undefined) return [concat(...asked), concat(...taken), concat(...refusal)]
  const bare = last('bare') === true
  const piece = bare ? 0 : (last('piece') ?? CONTENT.length)
  const write = last('data') ?? ((streamId, content) => data(streamId, content))
  const head = bare
    ? [response(id, 204, true)]
    : (last('head') ?? ((streamId) => [response(streamId, 200)]))(id)
  const answered = bare ? [] : all((habit) => habit.answered?.(id, turn))
  const content: Uint8Array[] = []
  for (let at = 0; !bare && at < CONTENT.length; at += piece) {
    content.push(write(id, CONTENT.subarray(at, at + piece), turn), ...all((habit) => habit.beside?.(id)))
  }
  const end = bare ? [] : (last('end') ?? ((streamId) => [data(streamId, '', true)]))(id)
  const ended = [...all((habit) => habit.ended?.(id, turn)), ...(last('late') === true ? credit : [])]
  return [concat(...asked), concat(...taken), concat(...head, ...answered, ...content, ...end, ...ended)]
}
