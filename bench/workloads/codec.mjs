/** HPACK and frames alone: no socket, no connection. */
import { deepStrictEqual } from 'node:assert'
import { requestFieldSets } from './messages.mjs'

const REPEATED = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'www.example.com'],
  [':path', '/products/list?page=2'],
  ['accept', 'application/json'],
  ['accept-encoding', 'gzip, deflate, br'],
  ['accept-language', 'en-GB,en;q=0.9'],
  ['user-agent', 'benchmark/1.0 (of field blocks)'],
]
const FRAMES = 3000
const CONTENT = new Uint8Array(100)

export const workload = {
  title: 'Codecs',
  how: 'In one process without a connection. Field blocks: encoded and decoded in order, by an encoder and a decoder of 4,096 octets each; each set of fields is decoded to what it was the first time. Frames: a third each of HEADERS, DATA with 100 bytes, WINDOW_UPDATE.',
  ours: 'hyper-codec',
  everyRuntime: false,
  figures: [
    { key: 'encodeMicros', label: 'encode a block', unit: 'µs', better: 'less' },
    { key: 'decodeMicros', label: 'decode a block', unit: 'µs', better: 'less' },
    { key: 'serializeNanos', label: 'write a frame', unit: 'ns', better: 'less' },
    { key: 'parseNanos', label: 'read a frame', unit: 'ns', better: 'less' },
  ],
  cases: ({ short }) => [
    ...(short
      ? []
      : [{ id: 'repeated', label: '8 fields, the same each time', params: { fields: 'repeated' } }]),
    { id: 'new', label: '30 fields, 15 of them new', params: { fields: 'new' } },
    { id: 'frames', label: 'frames', params: { frames: true } },
  ],
}

export async function run(open, { params, warmSeconds, seconds }) {
  const codec = await open()
  const times = { warmSeconds: warmSeconds / 2, seconds: seconds / 2 }
  return params.frames ? frames(codec, times) : blocks(codec, params.fields, times)
}

function blocks(codec, kind, times) {
  const sets = kind === 'repeated' ? [REPEATED] : requestFieldSets().map((set) => Object.entries(set))
  const encoded = []
  for (let i = 0; i < 2 * sets.length; i++) encoded.push(codec.encode(sets[i % sets.length]))
  for (const [i, block] of encoded.entries()) {
    deepStrictEqual(codec.decode(block), sets[i % sets.length])
  }
  // The first pass fills the tables; the second begins and ends with the same tables, so it can be decoded for ever.
  const settled = encoded.slice(sets.length)
  return {
    encodeMicros: 1e6 * repeat((i) => codec.encode(sets[i % sets.length]), times),
    decodeMicros: 1e6 * repeat((i) => codec.decode(settled[i % settled.length]), times),
  }
}

function frames(codec, times) {
  if (codec.parse === undefined) return undefined
  const block = codec.encode(REPEATED)
  const bytes = codec.serialize(FRAMES, block, CONTENT)
  deepStrictEqual(codec.parse(bytes), FRAMES)
  return {
    serializeNanos: (1e9 * repeat(() => codec.serialize(FRAMES, block, CONTENT), times)) / FRAMES,
    parseNanos: (1e9 * repeat(() => codec.parse(bytes), times)) / FRAMES,
  }
}

/** Seconds that one call takes, measured after a time of the same calls. */
function repeat(call, { warmSeconds, seconds }) {
  let i = 0
  const forSeconds = (limit) => {
    const began = performance.now()
    const first = i
    let elapsed = 0
    while (elapsed < limit) {
      for (const end = i + 100; i < end; i++) call(i)
      elapsed = (performance.now() - began) / 1000
    }
    return elapsed / (i - first)
  }
  forSeconds(warmSeconds)
  return forSeconds(seconds)
}
