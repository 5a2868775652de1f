/** HPACK and frames against those of `node:http2`: what each writes, the other reads (RFC 7541, RFC 9113). */
import http2 from 'node:http2'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Decoder, type HeaderField } from '../../src/hpack/index.ts'
import { CONTINUATION, concat, END_HEADERS, HEADERS, readFrames, SETTINGS } from '../support/wire.ts'
import { NodeServerPair } from './node-server.ts'

const SEED = 7541

type Field = readonly [name: string, value: string]

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789-_']
const name = fc
  .string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 10 })
  .map((s) => `x-${s}`)
const value = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 30 }).map((text) => text.trim()) },
  { weight: 3, arbitrary: fc.constantFrom('', 'one', 'two', 'a value that comes again and again') },
  // Longer than a frame: the block goes on in CONTINUATION (RFC 9113 §6.10).
  { weight: 1, arbitrary: fc.integer({ min: 17_000, max: 30_000 }).map((length) => '~'.repeat(length)) },
)
const unique = { selector: ([key]: Field) => key, maxLength: 8 }
const fields = fc.uniqueArray(fc.tuple(name, value), unique).filter((list) => size(list) < 50_000)
const secrets = fc.subarray<Field>([
  ['authorization', 'Basic c2VjcmV0'],
  ['cookie', 'short=1'],
])
const body = fc.oneof(
  fc.constant(new Uint8Array()),
  fc.uint8Array({ maxLength: 200 }),
  fc.nat(60_000).map((n) => new Uint8Array(n).fill(n)),
)
const tableSize = fc.constantFrom(undefined, 0, 33, 100, 4096, 16_384)

const exchange = fc.record({
  request: fields,
  secrets,
  upload: body,
  requestTrailers: fields,
  response: fields,
  sensitive: fc.nat(0xff),
  download: body,
  responseTrailers: fields,
  /** A table size that the server announces before it answers. */
  tableSize: fc.option(fc.constantFrom(0, 50, 4096, 9000), { nil: undefined, freq: 3 }),
})
type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never

function size(list: readonly Field[]): number {
  return list.reduce((sum, [key, text]) => sum + key.length + text.length + 32, 0)
}

function sensitiveOf({ response, sensitive }: Exchange): string[] {
  return response.filter((_, i) => (sensitive >> i) & 1).map(([key]) => key)
}

/** What the server saw of a request. */
interface Seen {
  raw: readonly string[]
  neverIndexed: readonly string[]
  content: Uint8Array
  trailers: readonly string[]
}

function answer(stream: http2.ServerHttp2Stream, planned: Exchange): void {
  const { response, download, responseTrailers } = planned
  const sensitive = sensitiveOf(planned)
  const waitForTrailers = responseTrailers.length > 0
  if (waitForTrailers)
    stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(responseTrailers)))
  stream.additionalHeaders({ ':status': 103, link: '</a>' })
  const head = { ':status': 200, ...Object.fromEntries(response), [http2.sensitiveHeaders]: sensitive }
  stream.respond(head, { waitForTrailers })
  stream.end(download)
}

function serve(plan: readonly Exchange[], seen: Seen[]) {
  return (
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    raw: readonly string[],
  ): void => {
    const planned = plan[seen.length]!
    const marked = (headers as { [http2.sensitiveHeaders]?: string[] })[http2.sensitiveHeaders] ?? []
    const told: Seen = { raw, neverIndexed: marked, content: new Uint8Array(), trailers: [] }
    seen.push(told)
    const pieces: Uint8Array[] = []
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('trailers', (_trailers: unknown, _flags: unknown, rawTrailers: unknown) => {
      told.trailers = rawTrailers as string[]
    })
    stream.on('end', () => {
      told.content = concat(...pieces)
      if (planned.tableSize !== undefined) stream.session?.settings({ headerTableSize: planned.tableSize })
      answer(stream, planned)
    })
  }
}

/** Every field block that a side sent, decoded by our own decoder, marks and all. */
function sections(bytes: Uint8Array, limit: number): HeaderField[][] {
  const decoder = new Decoder()
  const read: HeaderField[][] = []
  let open: Uint8Array[] = []
  for (const { type, flags, payload } of readFrames(bytes)) {
    // Our SETTINGS are in force from the peer's acknowledgement on (RFC 9113 §6.5.3).
    if (type === SETTINGS && flags === 1) decoder.setMaxTableSize(limit)
    if (type !== HEADERS && type !== CONTINUATION) continue
    open.push((flags & 0x20) !== 0 && type === HEADERS ? payload.subarray(5) : payload)
    if ((flags & END_HEADERS) === 0) continue
    read.push(decoder.decode(concat(...open)))
    open = []
  }
  return read
}

async function converse(plan: readonly Exchange[], ours: number | undefined, theirs: number | undefined) {
  const seen: Seen[] = []
  const server = new NodeServerPair(
    serve(plan, seen),
    { maxHeaderListSize: 100_000, ...(theirs === undefined ? {} : { headerTableSize: theirs }) },
    { maxHeaderListSize: 100_000, headerTableSize: ours },
  )
  try {
    for (const [i, planned] of plan.entries()) {
      const sent = [...planned.request, ...planned.secrets].flat()
      const asked = server.ask(
        { method: 'POST', path: `/${i}`, fields: sent },
        planned.upload,
        planned.requestTrailers.flat(),
      )
      await asked.done
      const told = seen[i]!
      expect(told.raw).toEqual([
        ':method',
        'POST',
        ':scheme',
        'https',
        ':authority',
        'a.test',
        ':path',
        `/${i}`,
        ...sent,
      ])
      expect([...told.neverIndexed].sort()).toEqual(planned.secrets.map(([key]) => key).sort())
      expect(Buffer.compare(told.content, planned.upload)).toBe(0)
      expect(told.trailers).toEqual(planned.requestTrailers.flat())
      expect(asked.sink.informational).toEqual([{ status: 103, fields: ['link', '</a>'] }])
      expect(asked.sink.status).toBe(200)
      expect(asked.sink.fields.slice(0, planned.response.length * 2)).toEqual(planned.response.flat())
      expect(asked.sink.received).toBe(planned.download.length)
      expect(asked.sink.trailers ?? []).toEqual(planned.responseTrailers.flat())
    }
    const marks = sections(server.received, ours ?? 4096)
      .filter(([first]) => first?.[1] === '200')
      .map((section) => section.filter(([, , mark]) => mark === true).map(([key]) => key))
    expect(marks).toEqual(plan.map(sensitiveOf))
  } finally {
    await server.close()
  }
}

it('fields, bodies and trailers pass between the engine and node:http2, whatever the table sizes are', async () => {
  const property = fc.asyncProperty(
    fc.array(exchange, { minLength: 1, maxLength: 4 }),
    tableSize,
    tableSize,
    converse,
  )
  await fc.assert(property, { seed: SEED, numRuns: 150 })
}, 60_000)
