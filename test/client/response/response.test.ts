import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it, test, vi } from 'vitest'
import type { HTTP20ConnectionOptions, HTTP20Response, HTTP20Stream } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import {
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  headers,
  paddedData,
  response,
  rstStream,
  uint32At,
  WINDOW_UPDATE,
} from '../../support/wire.ts'
import { codeOf, Pair, rejection } from '../session/peer.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}

interface Answered {
  readonly pair: Pair
  readonly stream: HTTP20Stream
  readonly response: HTTP20Response
}

/** A request and what the peer says to it, on stream 1. */
async function answered(
  parts: readonly Uint8Array[],
  options: HTTP20ConnectionOptions = {},
  chunk?: number,
): Promise<Answered> {
  const pair = await Pair.open(options, chunk === undefined ? {} : { chunk })
  const stream = pair.connection.request('GET', '/')
  await settled()
  await pair.wire.send(...parts)
  expect(pair.wire.validator.faults).toEqual([])
  return { pair, stream, response: await stream.response }
}

const FIELDS: [string, string][] = [
  [':status', '200'],
  ['content-type', 'text/plain'],
  ['x-list', 'a, b'],
  ['set-cookie', 'a=1'],
  ['x-list', 'c'],
  ['set-cookie', 'b=2'],
]

describe('the head of a response', () => {
  it('keeps every field, in order, never split (RFC 9110 §5.3)', async () => {
    const { response } = await answered([headers(1, FIELDS, END_HEADERS | END_STREAM)])
    expect(response.status).toBe(200)
    expect(response.httpVersion).toBe('2')
    expect(response.rawHeaders).toEqual(FIELDS.slice(1))
    expect(response.getHeaders()).toEqual(FIELDS.slice(1))
    expect(response.headers).toBeInstanceOf(Headers)
    expect(response.headers).toBe(response.headers)
    expect(response.headers.get('x-list')).toBe('a, b, c')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect([...response.headers.keys()].some((name) => name.startsWith(':'))).toBe(false)
    expect(response.getHeader('X-List')).toBe('a, b, c')
    expect(response.getHeader('x-none')).toBeUndefined()
    expect(response.getHeader('x-none', 'else')).toBe('else')
  })

  it('has the informational responses before it (RFC 9110 §15.2)', async () => {
    const { response } = await answered([
      headers(1, [[':status', '103'], ['link', '</a>']]), // biome-ignore format: one field section
      headers(1, [[':status', '100']]),
      headers(1, FIELDS, END_HEADERS | END_STREAM),
    ])
    expect(response.informational.map(({ status }) => status)).toEqual([103, 100])
    expect(response.informational[0]!.headers.get('link')).toBe('</a>')
  })

  it('has no field whose name is no token, and a notice says so (RFC 9110 §5.1)', async () => {
    const lines: string[] = []
    const logger = {
      debug() {},
      info: (line: string) => lines.push(line),
      warn: (line: string) => lines.push(line),
    }
    const odd: [string, string][] = [['x(y)', 'z'], ['a', 'b'], ['{id}', '1']] // biome-ignore format: one field section
    const parts = [
      headers(1, [[':status', '103'], ...odd]),
      headers(1, [[':status', '200'], ...odd]),
      data(1, 'c'),
      headers(1, odd, END_HEADERS | END_STREAM),
    ]
    const { response } = await answered(parts, { logger })
    await response.text()
    const trailers = [...(await response.trailers)]
    expect([[...response.headers], trailers, response.rawHeaders]).toEqual([[['a', 'b']], [['a', 'b']], [['a', 'b']]]) // biome-ignore format: short
    expect([...response.informational[0]!.headers]).toEqual([['a', 'b']])
    expect(lines.filter((line) => line.includes('left out 2 fields'))).toHaveLength(3)
  })

  it('keeps the last 16 informational responses', async () => {
    const told = Array.from({ length: 20 }, (_, i) => headers(1, [[':status', '104'], ['x', `${i}`]])) // biome-ignore format: one field section
    const parts = [...told, headers(1, FIELDS, END_HEADERS | END_STREAM)]
    const { response } = await answered(parts, { limits: { maxInformational: 20 } })
    const kept = response.informational.map((one) => one.headers.get('x'))
    expect(kept).toEqual(Array.from({ length: 16 }, (_, i) => `${i + 4}`))
  })
})

describe.each([undefined, 1, 7])('a body, in chunks of %s octets', (chunk) => {
  const parts = [response(1, 200), data(1, 'abc'), data(1, ''), paddedData(1, 'de', 5), data(1, 'f', true)]
  const read = () => answered(parts, {}, chunk)

  it.each<[string, (response: HTTP20Response) => Promise<unknown>, unknown]>([
    ['text()', (one) => one.text(), 'abcdef'],
    ['bytes()', async (one) => text(await one.bytes()), 'abcdef'],
    ['arrayBuffer()', async (one) => text(new Uint8Array(await one.arrayBuffer())), 'abcdef'],
    ['read()', async (one) => text(await one.read()), 'abcdef'],
    ['readChunked()', async (one) => (await collect(one.readChunked())).map(text), ['abc', 'de', 'f']],
    ['iteration', async (one) => (await collect(one)).map(text).join(''), 'abcdef'],
    ['body', async (one) => new Response(one.body).text(), 'abcdef'],
    ['body touched, then text()', (one) => (one.body.locked ? Promise.reject() : one.text()), 'abcdef'],
  ])('%s', async (_, take, expected) => {
    expect(await take((await read()).response)).toEqual(expected)
  })

  test('read(n) gives up to n bytes, and an empty array at the end', async () => {
    const { response } = await read()
    const pieces: string[] = []
    for (let piece = await response.read(4); piece.length > 0; piece = await response.read(4)) {
      expect(piece.length).toBeLessThanOrEqual(4)
      pieces.push(text(piece))
    }
    expect(pieces.join('')).toBe('abcdef')
    expect((await response.read(4)).length).toBe(0)
    expect((await response.read()).length).toBe(0)
  })

  test('read, readChunked and the rest may be mixed', async () => {
    const { response } = await read()
    expect(text(await response.read(1))).toBe('a')
    const frames = response.readChunked()
    expect(text((await frames.next()).value!)).toBe('bc')
    expect(await response.text()).toBe('def')
  })

  test('reads that do not wait for each other come in order', async () => {
    const { response } = await read()
    const pieces = await Promise.all([response.read(1), response.read(1), response.read(1), response.read()])
    expect(pieces.map(text)).toEqual(['a', 'b', 'c', 'def'])
  })

  test('a byte stream for BYOB readers', async () => {
    const { response } = await read()
    const reader = response.body.getReader({ mode: 'byob' })
    let all = ''
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(2))
      if (done) break
      expect(value.length).toBeLessThanOrEqual(2)
      all += text(value)
    }
    expect(all).toBe('abcdef')
  })
})

test('what a caller asks next, when it has read an answer, belongs to the turn of the answer', async () => {
  const pair = await Pair.open()
  // As callers write it: one async function in another.
  const get = async (path: string): Promise<string> => {
    const response = await pair.connection.request('GET', path).response
    return await response.text()
  }
  const json = async (path: string): Promise<unknown> => JSON.parse(await get(path))
  const next = json('/').then(() => pair.connection.request('GET', '/next'))
  await settled()
  const before = pair.wire.writes
  const unref = vi.spyOn(pair.wire.client, 'unref')
  await pair.wire.send(response(1, 200), data(1, '1', true))
  await next
  expect(pair.wire.head(3)[':path']).toBe('/next')
  expect(pair.wire.writes - before).toBe(1)
  // It was never idle in between.
  expect(unref).not.toHaveBeenCalled()
})

describe('a body that arrives while it is read', () => {
  test('each way waits', async () => {
    const pair = await Pair.open()
    const streams = [1, 3, 5, 7].map(() => pair.connection.request('GET', '/'))
    await settled()
    await pair.wire.send(...[1, 3, 5, 7].map((id) => response(id, 200)))
    const [a, b, c, d] = await Promise.all(streams.map((one) => one.response))
    const all = Promise.all([
      a!.text(),
      collect(b!).then((pieces) => pieces.map(text)),
      new Response(c!.body).text(),
      d!.read(5).then(text),
    ])
    for (const id of [1, 3, 5, 7]) await pair.wire.send(data(id, 'x'), data(id, 'y'))
    for (const id of [7, 5, 3, 1]) await pair.wire.send(data(id, 'z', true))
    expect(await all).toEqual(['xyz', ['x', 'y', 'z'], 'xyz', 'x'])
  })

  test('reads that wait get it in the order in which they asked', async () => {
    const { pair, response: one } = await answered([response(1, 200)])
    const reads = Promise.all([one.read(1), one.read(2), one.read()])
    await settled()
    await pair.wire.send(data(1, 'abcd'), data(1, 'ef', true))
    expect((await reads).map(text)).toEqual(['a', 'bc', 'def'])
  })

  test('padding that comes alone is no content, and no end (RFC 9113 §6.1)', async () => {
    const { pair, response: one } = await answered([response(1, 200)])
    const padded = paddedData(1, 'ab', 5)
    await pair.wire.send(padded.subarray(0, -5))
    expect(text(await one.read(4))).toBe('ab')
    const next = one.read(4)
    await settled()
    await pair.wire.send(padded.subarray(-5))
    await pair.wire.send(data(1, 'c', true))
    expect(text(await next)).toBe('c')
    expect((await one.read(4)).length).toBe(0)
  })

  test('reads that wait fail each with an error of its own', async () => {
    const { pair, response: one } = await answered([response(1, 200)])
    const errors = Promise.all([rejection(one.read(1)), rejection(one.read(1))])
    await settled()
    await pair.wire.send(rstStream(1, 2))
    const [first, second] = await errors
    expect(second.code).toBe(first.code)
    expect(second).not.toBe(first)
  })

  test('text() drops a byte order mark, json() reads', async () => {
    const bom = await answered([response(1, 200), data(1, '\xef\xbb\xbf{"a":1}', true)])
    expect(await bom.response.json()).toEqual({ a: 1 })
    const bad = await answered([response(1, 200), data(1, '{', true)])
    await expect(bad.response.json()).rejects.toBeInstanceOf(SyntaxError)
  })

  it.each([
    ['204', [response(1, 204, true)]],
    ['empty DATA with END_STREAM', [response(1, 200), data(1, '', true)]],
  ])('no content: %s', async (_, parts) => {
    expect(await (await answered(parts)).response.text()).toBe('')
    expect((await (await answered(parts)).response.read(5)).length).toBe(0)
    expect(await collect((await answered(parts)).response)).toEqual([])
    expect(await new Response((await answered(parts)).response.body).text()).toBe('')
  })

  test('HEAD with a content-length', async () => {
    const pair = await Pair.open()
    const stream = pair.connection.request('HEAD', '/')
    await settled()
    const head: [string, string][] = [[':status', '200'], ['content-length', '5'], ['content-encoding', 'gzip']] // biome-ignore format: one field section
    await pair.wire.send(headers(1, head, END_HEADERS | END_STREAM))
    expect(await (await stream.response).text()).toBe('')
  })
})

describe('a body is read once', () => {
  const ways: [string, (response: HTTP20Response) => unknown][] = [
    ['text', (one) => one.text()],
    ['json', (one) => one.json().catch(() => {})],
    ['bytes', (one) => one.bytes()],
    ['iteration', (one) => one[Symbol.asyncIterator]()],
    ['body.getReader()', (one) => one.body.getReader()],
  ]
  it.each(
    ways.flatMap(([first, one]) =>
      ways.slice(0, 4).map(([second, two]) => [first, second, one, two] as const),
    ),
  )('%s, then %s: TypeError', async (_, second, one, two) => {
    const { response } = await answered([response200, data(1, '1', true)])
    await one(response)
    const act = async () => {
      if (second === 'json') await response.json()
      else await two(response)
    }
    await expect(act()).rejects.toBeInstanceOf(TypeError)
    await expect(response.read(1)).rejects.toBeInstanceOf(TypeError)
    expect(() => response.readChunked()).toThrow(TypeError)
  })

  test('a stream that was made before cannot read what text() took', async () => {
    const { response } = await answered([response200, data(1, '1', true)])
    const { body } = response
    await response.text()
    await expect(body.getReader().read()).rejects.toBeInstanceOf(TypeError)
  })

  it.each([0, -1, 1.5, Number.NaN])('read(%s): RangeError', async (n) => {
    const { response } = await answered([response200, data(1, '1', true)])
    await expect(response.read(n)).rejects.toBeInstanceOf(RangeError)
  })
})

const response200 = response(1, 200)

describe('trailers (RFC 9113 §8.1)', () => {
  const trailers = headers(1, [['x-digest', 'abc']], END_HEADERS | END_STREAM)

  test('settle when the body has ended', async () => {
    const { pair, response } = await answered([response200, data(1, 'abc')])
    let done = false
    const promise = response.trailers.then((fields) => {
      done = true
      return fields
    })
    await settled()
    expect(done).toBe(false)
    await pair.wire.send(trailers)
    expect((await promise).get('x-digest')).toBe('abc')
    expect(await response.text()).toBe('abc')
    expect(response.headers.has('x-digest')).toBe(false)
  })

  test('none: empty', async () => {
    const { response } = await answered([response200, data(1, 'abc', true)])
    expect([...(await response.trailers)]).toEqual([])
  })

  test('a response that breaks off: a rejection for who awaits it, and for nobody else', async () => {
    const { pair, response } = await answered([response200, data(1, 'abc')])
    const { trailers } = response
    await pair.wire.send(rstStream(1, 2))
    await settled()
    expect(await codeOf(trailers)).toBe('H2_STREAM_RESET')
    expect(await codeOf(response.trailers)).toBe('H2_STREAM_RESET')
  })
})

describe('a body that breaks off', () => {
  const broken = [response200, data(1, 'abc')]

  test('read gives what arrived, then rejects', async () => {
    const { pair, response } = await answered(broken)
    await pair.wire.send(rstStream(1, 2))
    expect(text(await response.read(10))).toBe('abc')
    const error = await rejection(response.read(10))
    expect(error).toMatchObject({ code: 'H2_STREAM_RESET', processed: 'yes', retryable: false, streamId: 1 })
    expect(await rejection(response.read(10))).not.toBe(error)
  })

  it.each<[string, (response: HTTP20Response) => Promise<unknown>]>([
    ['text()', (one) => one.text()],
    ['read()', (one) => one.read()],
    ['iteration', (one) => collect(one)],
    ['readChunked()', (one) => collect(one.readChunked())],
    ['body', (one) => new Response(one.body).text()],
  ])('%s rejects', async (_, take) => {
    const { pair, response } = await answered(broken)
    const code = codeOf(take(response))
    await pair.wire.send(rstStream(1, 2))
    expect(await code).toBe('H2_STREAM_RESET')
    const late = await answered([...broken, rstStream(1, 2)])
    expect(await codeOf(take(late.response))).toBe('H2_STREAM_RESET')
  })

  it('never ends as if it were whole: fewer octets than content-length (RFC 9113 §8.1.1)', async () => {
    const head = headers(1, [[':status', '200'], ['content-length', '5']]) // biome-ignore format: one field section
    const { response } = await answered([head, data(1, 'abc', true)])
    expect(await rejection(response.text())).toMatchObject({
      code: 'H2_STREAM_ERROR',
      errorName: 'PROTOCOL_ERROR',
      message: expect.stringMatching(/^stream 1 failed: .*RFC 9113 §8\.1\.1/),
    })
  })
})

describe('back-pressure (RFC 9113 §6.9)', () => {
  const increments = (pair: Pair, streamId: number) =>
    pair.wire.of(WINDOW_UPDATE, streamId).reduce((sum, one) => sum + uint32At(one.payload), 0)

  test('a stalled reader stops its stream, and no other', async () => {
    const pair = await Pair.open({ settings: { initialWindowSize: 65_535 } })
    const stalled = pair.connection.request('GET', '/1')
    const read = pair.connection.request('GET', '/2')
    await settled()
    await pair.wire.send(response(1, 200), response(3, 200))
    const [first, second] = await Promise.all([stalled.response, read.response])
    const text = second.text()
    for (let i = 0; i < 3; i++) await pair.wire.send(data(1, 'x'.repeat(16_384)))
    expect(increments(pair, 1)).toBe(0)
    for (let i = 0; i < 12; i++) await pair.wire.send(data(3, 'y'.repeat(16_384), i === 11))
    expect((await text).length).toBe(12 * 16_384)
    expect(increments(pair, 3)).toBeGreaterThan(100_000)
    expect(increments(pair, 1)).toBe(0)
    await first.read(40_000)
    await first.read(40_000)
    await settled()
    expect(increments(pair, 1)).toBeGreaterThan(0)
    expect(pair.wire.validator.faults).toEqual([])
  })

  test('a body that is complete gives the connection its window back unread', async () => {
    const { pair } = await answered([response200, data(1, 'x'.repeat(16_384), true)], {
      limits: { connectionWindowSize: 65_535 },
    })
    expect(pair.connection.stats.recvWindow).toBe(65_535)
  })
})

describe('content codings (RFC 9110 §8.4)', () => {
  const plain = 'content '.repeat(5000)
  const layers = (count: number): Uint8Array =>
    count === 0 ? Buffer.from(plain) : gzipSync(layers(count - 1))
  const coded = (coding: string | undefined, bytes: Uint8Array, pieces = 3) => {
    const head: [string, string][] = [[':status', '200']]
    if (coding !== undefined) head.push(['content-encoding', coding])
    const size = Math.ceil(bytes.length / pieces)
    const parts = [headers(1, head)]
    for (let at = 0; at < bytes.length; at += size) parts.push(data(1, bytes.subarray(at, at + size)))
    return [...parts, data(1, '', true)]
  }

  it.each<[string, Uint8Array]>([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['identity', Buffer.from(plain)],
    ['gzip, identity, br', brotliCompressSync(gzipSync(plain))],
    ['unheard-of', Buffer.from(plain)],
    ['gzip, unheard-of', Buffer.from(plain)],
    ['gzip,gzip,gzip,gzip,gzip', layers(5)],
  ])('%s', async (coding, bytes) => {
    const one = await answered(coded(coding, bytes))
    expect(await one.response.text()).toBe(plain)
    expect(one.response.getHeader('content-encoding')).toBe(coding)
    const other = await answered(coded(coding, bytes))
    let all = ''
    for (
      let piece = await other.response.read(999);
      piece.length > 0;
      piece = await other.response.read(999)
    ) {
      expect(piece.length).toBeLessThanOrEqual(999)
      all += text(piece)
    }
    expect(all).toBe(plain)
    const streamed = await answered(coded(coding, bytes))
    expect(await new Response(streamed.response.body).text()).toBe(plain)
  })

  test("decompress: 'partial' takes what there is of content that was cut, and asks for all codings", async () => {
    const bytes = gzipSync(plain).subarray(0, -6)
    const { pair, response } = await answered(coded('gzip', bytes), { decompress: 'partial' })
    expect(await response.text()).toBe(plain)
    const whole = await answered(coded('gzip', gzipSync(plain)))
    expect(pair.wire.of(HEADERS)[0]!.payload).toEqual(whole.pair.wire.of(HEADERS)[0]!.payload)
  })

  test('zeros behind gzip are padding', async () => {
    const { response } = await answered(coded('gzip', Buffer.concat([gzipSync(plain), Buffer.alloc(512)])))
    expect(await response.text()).toBe(plain)
  })

  test('decompress: false leaves it, and asks for none', async () => {
    const bytes = gzipSync(plain)
    const { pair, response } = await answered(coded('gzip', bytes), { decompress: false })
    expect(Buffer.from(await response.bytes()).equals(bytes)).toBe(true)
    expect(pair.wire.head(1)).not.toHaveProperty('accept-encoding')
  })

  test('nothing is no coded content', async () => {
    expect(await (await answered(coded('gzip', new Uint8Array()))).response.text()).toBe('')
  })

  it.each<[string, string, Uint8Array]>([
    ['not of the coding', 'gzip', Buffer.from('no gzip')],
    ['cut short', 'gzip', gzipSync(plain).subarray(0, -20)],
    ['six layers', Array(6).fill('gzip').join(), layers(6)],
    ['six layers among empty members (RFC 9110 §5.6.1)', Array(6).fill('gzip').join(' ,,\t, '), layers(6)],
  ])('%s: H2_DECODE', async (_, coding, bytes) => {
    const { response } = await answered(coded(coding, bytes))
    expect(await rejection(response.text())).toMatchObject({ code: 'H2_DECODE', initiator: 'peer' })
  })

  test('content that turns out to be no such coding ends the stream', async () => {
    const head = headers(1, [[':status', '200'], ['content-encoding', 'gzip']]) // biome-ignore format: one field section
    const { pair, response } = await answered([head, data(1, 'no gzip')])
    expect(await codeOf(response.text())).toBe('H2_DECODE')
    await settled()
    expect(pair.wire.resets).toEqual([[1, 8]])
  })

  test('a coded body that breaks off rejects with why', async () => {
    const parts = coded('gzip', gzipSync(plain))
    const { pair, response } = await answered(parts.slice(0, 2))
    const code = codeOf(response.text())
    await pair.wire.send(rstStream(1, 2))
    expect(await code).toBe('H2_STREAM_RESET')
  })

  test('leaving a coded body early cancels the response once', async () => {
    const { pair, response } = await answered(coded('gzip', gzipSync(plain)).slice(0, 3))
    for await (const piece of response) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    await settled()
    expect(pair.wire.resets).toEqual([[1, 8]])
  })
})

test('frames of a response of one octet at a time are the same (RFC 9113 §4.1)', async () => {
  const { response } = await answered(
    [concat(headers(1, FIELDS), data(1, 'abc'), headers(1, [['x', 'y']], END_HEADERS | END_STREAM))],
    {},
    1,
  )
  expect(response.rawHeaders).toEqual(FIELDS.slice(1))
  expect(await response.text()).toBe('abc')
  expect((await response.trailers).get('x')).toBe('y')
})
