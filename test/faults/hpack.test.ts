/** Fault scenarios 46 to 57: field blocks (RFC 7541, RFC 9113 §4.3, §10.5.1). */
import { expect } from 'vitest'
import { continuation, headers, hpackInteger, hpackString } from '../../src/testing/index.ts'
import { CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, scenario } from './scenario.ts'

/** `:status: 200` from the static table. */
const OK = 0x88
const INCREMENTAL = 0x40
/** The first entry of the dynamic table. */
const NEWEST = 0xbe

function block(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])))
}

function field(kind: number, name: string, value: string): Uint8Array {
  return block(kind, hpackString(name), hpackString(value))
}

const A = hpackString('a')

scenario(
  '#46 Index 0; index 62 of an empty table; index 2^32: C:COMPRESSION_ERROR',
  {
    cases: {
      '0': block(OK, 0x80),
      '62': block(OK, NEWEST),
      '2^32': block(OK, hpackInteger(2 ** 32, 7, 0x80)),
    },
  },
  async (run, octets) => {
    const asked = await run.opened()
    run.peer.send(headers(1).block(octets).endStream())
    await run.connectionError(COMPRESSION_ERROR)
    expect((await asked.outcome).error).toMatchObject({ cause: { name: 'HPACKDecodingError' } })
  },
)

scenario(
  '#47 An integer of 20 octets 0x80; the value 2^63: C:COMPRESSION_ERROR',
  {
    cases: {
      '20 octets': block(OK, 0xff, ...new Array<number>(20).fill(0x80), 0),
      '2^63': block(OK, 0xff, ...new Array<number>(9).fill(0x80), 1),
    },
  },
  async (run, octets) => {
    await run.opened()
    run.peer.send(headers(1).block(octets).endStream())
    await run.connectionError(COMPRESSION_ERROR)
  },
)

scenario(
  '#48 Huffman code with EOS, padded with zeros, padded with 8 bits: C:COMPRESSION_ERROR',
  {
    cases: {
      EOS: [0xff, 0xff, 0xff, 0xff],
      'zero padding': [0x18],
      '8 bits': [0x1f, 0xff],
    },
  },
  async (run, code) => {
    await run.opened()
    run.peer.send(
      headers(1)
        .block(block(OK, 0, A, 0x80 | code.length, ...code))
        .endStream(),
    )
    await run.connectionError(COMPRESSION_ERROR)
  },
)

scenario(
  '#49 A size update to 4,097; within a block; three in a row: C:COMPRESSION_ERROR',
  {
    cases: {
      '4,097': block(hpackInteger(4097, 5, 0x20), OK),
      'within a block': block(OK, 0x20),
      'three in a row': block(0x20, 0x20, 0x20, OK),
    },
  },
  async (run, octets) => {
    await run.opened()
    run.peer.send(headers(1).block(octets).endStream())
    await run.connectionError(COMPRESSION_ERROR)
  },
)

scenario(
  '#50 We lowered the table to 0, which was acknowledged; a block without the update: C:COMPRESSION_ERROR',
  { client: { settings: { headerTableSize: 0 } } },
  async (run) => {
    await run.ready()
    await run.opened()
    run.peer.send(headers(1).block(block(OK)).endStream())
    await run.connectionError(COMPRESSION_ERROR)
  },
)

scenario(
  '#51 A block for a stream that we cancelled adds an entry, the next uses it: decoded right',
  {},
  async (run) => {
    const cancelled = await run.opened('/1')
    cancelled.stream.cancel()
    await run.fails(cancelled, { code: 'H2_STREAM_CANCELLED', initiator: 'user', errorCode: CANCEL })
    const asked = await run.opened('/3')
    run.peer.send(
      headers(1)
        .block(block(OK, field(INCREMENTAL, 'x-entry', 'from the other')))
        .endStream(),
    )
    run.peer.send(headers(3).block(block(OK, NEWEST)).endStream())
    await run.answers(asked, 200)
    expect((await asked.outcome).response?.getHeader('x-entry')).toBe('from the other')
    await run.usable()
  },
)

scenario('#52 A literal named by an entry that it evicts: decoded right', {}, async (run) => {
  const asked = await run.opened()
  const first = field(INCREMENTAL, 'x-name', 'a'.repeat(3000))
  const evicting = block(INCREMENTAL | 62, hpackString('b'.repeat(2000)))
  run.peer.send(
    headers(1)
      .block(block(OK, first, evicting, NEWEST))
      .endStream(),
  )
  await run.answers(asked, 200)
  const values = (await asked.outcome).response
    ?.getHeaders()
    .map(([name, value]) => [name, value[0], value.length])
  expect(values).toEqual([
    ['x-name', 'a', 3000],
    ['x-name', 'b', 2000],
    ['x-name', 'b', 2000],
  ])
  await run.usable()
})

/** A section of so many octets in fields of a thousand each. */
function section(octets: number): Uint8Array {
  const value = 'v'.repeat(1000 - 32 - 6)
  const fields = Array.from({ length: octets / 1000 }, () => field(0, 'x-some', value))
  return block(OK, ...fields)
}

scenario('#53 A response head of 60 kB: fine', { huge: true }, async (run) => {
  const asked = await run.opened()
  run.peer.send(headers(1).block(section(60_000)).splitAt(16_384).endStream())
  await run.answers(asked, 200)
  expect((await asked.outcome).response?.getHeaders()).toHaveLength(60)
  await run.usable()
})

scenario('#53 A response head of 70 kB: S error, the connection stays', { huge: true }, async (run) => {
  const asked = await run.opened()
  run.peer.send(headers(1).block(section(70_000)).splitAt(16_384).endStream())
  await run.fails(asked, { scope: 'stream', code: 'H2_HEADER_LIST_TOO_LARGE', errorCode: PROTOCOL_ERROR })
  await run.usable()
})

scenario('#53 A response head of 300 kB: C:ENHANCE_YOUR_CALM', { huge: true }, async (run) => {
  await run.opened()
  run.peer.send(headers(1).block(section(300_000)).splitAt(16_384).endStream())
  await run.connectionError(ENHANCE_YOUR_CALM)
})

scenario(
  '#54 An entry of 4 kB, 12,000 references to it: stopped at the limit',
  { huge: true },
  async (run) => {
    await run.opened()
    const bomb = block(
      OK,
      field(INCREMENTAL, 'x', 'y'.repeat(4000)),
      ...new Array<number>(12_000).fill(NEWEST),
    )
    run.peer.send(headers(1).block(bomb).endStream())
    await run.connectionError(ENHANCE_YOUR_CALM)
  },
)

/** `accept:` without a value: 38 octets of a section for one of the wire. */
const ACCEPT = 0x93

scenario('#55 1,000 references of an octet: stopped at 256 fields, S error', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(
    headers(1)
      .block(block(OK, ...new Array<number>(1000).fill(ACCEPT)))
      .endStream(),
  )
  await run.fails(asked, { scope: 'stream', code: 'H2_HEADER_LIST_TOO_LARGE' })
  await run.usable()
})

scenario(
  '#55 A million references of an octet: C:ENHANCE_YOUR_CALM long before',
  { huge: true },
  async (run) => {
    await run.opened()
    const all = block(OK, new Uint8Array(1_000_000).fill(ACCEPT))
    const octets = run.delivery === 'octets' ? all.subarray(0, 20_000) : all
    run.peer.send(headers(1).block(octets).splitAt(16_384).endStream())
    await run.connectionError(ENHANCE_YOUR_CALM)
  },
)

scenario(
  '#56 300 crumbs of set-cookie or cookie: S error by their number',
  { huge: true, cases: { 'set-cookie': 'set-cookie', cookie: 'cookie' } },
  async (run, name) => {
    const asked = await run.opened()
    const crumbs = Array.from({ length: 300 }, (_, i) => field(0, name, `c${i}=1`))
    run.peer.send(
      headers(1)
        .block(block(OK, ...crumbs))
        .endStream(),
    )
    await run.fails(asked, { scope: 'stream', code: 'H2_HEADER_LIST_TOO_LARGE' })
    await run.usable()
  },
)

scenario('#56 10,000 crumbs of set-cookie: C:ENHANCE_YOUR_CALM', { huge: true }, async (run) => {
  await run.opened()
  const crumb = field(0, 'set-cookie', 'c=1')
  const octets = new Uint8Array(crumb.length * 10_000)
  for (let at = 0; at < octets.length; at += crumb.length) octets.set(crumb, at)
  run.peer.send(headers(1).block(block(OK, octets)).splitAt(16_384).endStream())
  await run.connectionError(ENHANCE_YOUR_CALM)
})

scenario(
  '#57 9 CONTINUATIONs; 10,000 empty ones; no END_HEADERS ever: C:ENHANCE_YOUR_CALM',
  {
    huge: true,
    cases: {
      '9': [9, 1],
      'empty ones': [10_000, 0],
      'never an end': [100, 16_384],
    } as const,
  },
  async (run, [count, octets]) => {
    await run.opened()
    const fragment = new Uint8Array(octets).fill(ACCEPT)
    const rest = Array.from({ length: count }, () => continuation(1, fragment))
    if (octets !== 16_384) rest.push(continuation(1, new Uint8Array()).flag(4))
    const sent = run.delivery === 'octets' ? rest.slice(0, 10) : rest
    run.peer.send(headers(1).block(block(OK)).open(), ...sent)
    await run.connectionError(ENHANCE_YOUR_CALM)
  },
)
