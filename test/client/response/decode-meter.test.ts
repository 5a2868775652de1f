/** What a response may decode to (RFC 9110 §8.4), measured on the whole way from frames to the reader. */
import { deflateRawSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, test, vi } from 'vitest'
import { DecodeMeter } from '../../../src/client/response/decode-meter.ts'
import { checkOptions } from '../../../src/client/settings/options.ts'
import type { HTTP20ConnectionOptions, HTTP20Response } from '../../../src/index.ts'
import { BOMBS, zeros } from '../../support/bombs.ts'
import { settled } from '../../support/virtual-clock.ts'
import { concat, data, response as head, headers } from '../../support/wire.ts'
import { Pair, rejection } from '../session/peer.ts'

const CANCEL = 8

afterEach(() => {
  vi.restoreAllMocks()
})

/** Ways to read a body to its end; each gives the octets read. */
const WAYS: Readonly<Record<string, (response: HTTP20Response) => Promise<number>>> = {
  'text()': async (response) => (await response.text()).length,
  'json()': async (response) => String(await response.json()).length,
  'bytes()': async (response) => (await response.bytes()).length,
  'arrayBuffer()': async (response) => (await response.arrayBuffer()).byteLength,
  'read()': async (response) => (await response.read()).length,
  'read(n)': async (response) => {
    let length = 0
    for (;;) {
      const piece = await response.read(100)
      if (piece.length === 0) return length
      length += piece.length
    }
  },
  'readChunked()': (response) => total(response.readChunked()),
  iteration: (response) => total(response),
  body: async (response) => (await new Response(response.body).arrayBuffer()).byteLength,
}

async function total(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const piece of pieces) length += piece.length
  return length
}

interface Coded {
  readonly coding?: string
  readonly end?: boolean
  readonly limits?: NonNullable<HTTP20ConnectionOptions['limits']>
  readonly decompress?: boolean
}

/** A response of coded content on stream 1, with another request open on stream 3. */
async function coded(content: Uint8Array, given: Coded = {}) {
  const { coding = 'gzip', end = true, limits, decompress } = given
  const pair = await Pair.open({ limits, decompress })
  const first = pair.connection.request('GET', '/')
  const other = pair.connection.request('GET', '/other')
  await settled()
  await pair.wire.send(
    headers(1, [[':status', '200'], ['content-encoding', coding]]), // biome-ignore format: short
    ...frames(content, end),
  )
  return { pair, other, response: await first.response }
}

function frames(content: Uint8Array, end: boolean): Uint8Array[] {
  const all: Uint8Array[] = []
  for (let at = 0; at < content.length; at += 16_384) all.push(data(1, content.subarray(at, at + 16_384)))
  if (end) all.push(data(1, '', true))
  return all
}

const TOO_LARGE = {
  name: 'H2Error',
  code: 'H2_DECODED_TOO_LARGE',
  scope: 'stream',
  initiator: 'local',
  errorCode: CANCEL,
  streamId: 1,
  processed: 'yes',
  retryable: false,
}

describe('limits.maxDecodedSize', () => {
  const digits = '1'.repeat(1000)
  const content = gzipSync(digits)

  for (const [way, read] of Object.entries(WAYS)) {
    test(`${way}: so much is given, and no more`, async () => {
      const fits = await coded(content, { limits: { maxDecodedSize: 1000 } })
      expect(await read(fits.response)).toBe(way === 'json()' ? 'Infinity'.length : 1000)
      expect(fits.pair.wire.resets).toEqual([])
      const past = await coded(content, { limits: { maxDecodedSize: 999 } })
      expect(await rejection(read(past.response))).toMatchObject(TOO_LARGE)
    })
  }

  test('past it the stream is reset once, the decoder let go, and nothing else is touched', async () => {
    const opened = vi.spyOn(process.getBuiltinModule('node:zlib'), 'createGunzip')
    const { pair, other, response } = await coded(content, { end: false, limits: { maxDecodedSize: 999 } })
    const error = await rejection(response.read(1))
    expect(error).toMatchObject(TOO_LARGE)
    expect(error.message).toBe(
      'stream 1 failed: content decodes to more than 999 octets (limits.maxDecodedSize)',
    )
    await settled()
    expect(pair.wire.resets).toEqual([[1, CANCEL]])
    expect(opened.mock.results[0]?.value).toMatchObject({ destroyed: true })
    await pair.wire.send(head(3, 204, true))
    expect((await other.response).status).toBe(204)
    expect(pair.connection.stats).toMatchObject({ state: 'open', streamsOpen: 0 })
  })

  test('who reads on, or waits for the trailers, is told the same', async () => {
    const { response } = await coded(content, { limits: { maxDecodedSize: 999 } })
    const errors = [
      await rejection(response.read(1)),
      await rejection(response.read(1)),
      await rejection(response.trailers),
      await rejection(response.text()),
    ]
    for (const error of errors) expect(error).toMatchObject(TOO_LARGE)
    expect(new Set(errors).size, 'each an error of its own').toBe(4)
  })

  test('is for each response', async () => {
    const pair = await Pair.open({ limits: { maxDecodedSize: 1000 } })
    const streams = [pair.connection.request('GET', '/'), pair.connection.request('GET', '/')]
    await settled()
    for (const id of [1, 3]) {
      const fields: [string, string][] = [[':status', '200'], ['content-encoding', 'gzip']] // biome-ignore format: short
      await pair.wire.send(headers(id, fields), data(id, content, true))
    }
    for (const stream of streams) expect(await (await stream.response).text()).toBe(digits)
  })

  it.each<[string, Coded]>([
    ['content that is not coded', { coding: 'identity' }],
    ['content of an unknown coding', { coding: 'unheard-of' }],
    ['content that is left as it is', { decompress: false }],
  ])('is not for %s', async (_name, given) => {
    const { response } = await coded(content, { ...given, limits: { maxDecodedSize: 1 } })
    expect((await response.bytes()).length).toBe(content.length)
  })
})

describe('limits.maxDecodedRatio', () => {
  const content = gzipSync(new Uint8Array(500_000))
  const ratio = 500_000 / content.length

  test('what is less for each octet is given', async () => {
    const limits = { freeDecodedSize: 1, maxDecodedRatio: Math.ceil(ratio) }
    expect((await (await coded(content, { limits })).response.bytes()).length).toBe(500_000)
  })

  test('what is more is not', async () => {
    const maxDecodedRatio = Math.floor(ratio)
    const { response } = await coded(content, { limits: { freeDecodedSize: 1, maxDecodedRatio } })
    const error = await rejection(response.bytes())
    expect(error).toMatchObject(TOO_LARGE)
    expect(error.message).toMatch(
      /: content decodes to more than \d+ times its \d+ octets \(limits\.maxDecodedRatio\)$/,
    )
  })

  test('limits.freeDecodedSize octets are given whatever the ratio', async () => {
    const limits = { freeDecodedSize: 500_000, maxDecodedRatio: 1 }
    expect((await (await coded(content, { limits })).response.bytes()).length).toBe(500_000)
    const { response } = await coded(content, { limits: { freeDecodedSize: 499_999, maxDecodedRatio: 1 } })
    expect(await rejection(response.bytes())).toMatchObject(TOO_LARGE)
  })

  test('counts what arrived by then, in however many frames', async () => {
    const limits = { freeDecodedSize: 1000, maxDecodedRatio: 2 }
    const { pair, response } = await coded(new Uint8Array(), { coding: 'deflate', end: false, limits })
    const random = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 7919) >>> 4))
    const start = deflateRawSync(random)
    const all = response.bytes()
    for (let at = 0; at < start.length; at += 500) await pair.wire.send(data(1, start.subarray(at, at + 500)))
    await pair.wire.send(data(1, '', true))
    expect((await all).length).toBe(3000)
  })

  test('each layer is measured, though the next one swallows what it gives', async () => {
    const empty = gzipSync('')
    const members = concat(...new Array<Uint8Array>(50_000).fill(empty))
    const { response } = await coded(gzipSync(members), {
      coding: 'gzip, gzip',
      limits: { freeDecodedSize: 500_000 },
    })
    expect(await rejection(response.text())).toMatchObject(TOO_LARGE)
  })
})

describe('without any option', () => {
  it('10 KB, and 10 MB, of zeros are content like any other', async () => {
    for (const size of [10_000, 10_000_000]) {
      const { response } = await coded(gzipSync(new Uint8Array(size)))
      expect((await response.bytes()).length).toBe(size)
    }
  })

  it.each(BOMBS.map((bomb) => [bomb.coding, bomb] as const))(
    'a bomb in %s fails past 32 MiB, and costs no more memory than that',
    async (coding, bomb) => {
      // Of some codings, 10 GB are more octets than the window lets through before they are read.
      const content = zeros(bomb, { gzip: 200_000_000, zstd: 1_000_000_000 }[coding] ?? 10_000_000_000)
      const memory = () => process.memoryUsage().arrayBuffers
      const before = memory()
      const { pair, response } = await coded(content, { coding, end: false })
      let [given, most] = [0, 0]
      const reading = (async () => {
        for await (const piece of response) {
          given += piece.length
          most = Math.max(most, memory())
        }
      })()
      expect(await rejection(reading)).toMatchObject(TOO_LARGE)
      expect(given).toBeLessThanOrEqual(33_554_432)
      expect(given).toBeGreaterThan(33_000_000)
      // Of what was given, nothing may have been collected yet: the pieces, and what the decoder made them of.
      expect(most - before).toBeLessThan(3 * 33_554_432)
      await settled()
      expect(pair.wire.resets).toEqual([[1, CANCEL]])
    },
  )

  it('32 bombs at a time, each just below what one may decode to, do not come to more than eight', async () => {
    const pair = await Pair.open()
    const content = gzipSync(gzipSync(new Uint8Array(33_000_000), { level: 9 }))
    const requests = Array.from({ length: 32 }, () => pair.connection.request('GET', '/'))
    await settled()
    const fields: [string, string][] = [[':status', '200'], ['content-encoding', 'gzip, gzip']] // biome-ignore format: short
    for (let id = 1; id < 64; id += 2) await pair.wire.send(headers(id, fields), data(id, content, true))
    const read = async (response: HTTP20Response) => {
      let length = 0
      for await (const piece of response) length += piece.length
      return length
    }
    const all = await Promise.allSettled(requests.map(async ({ response }) => read(await response)))
    const refused = all.filter(({ status }) => status === 'rejected')
    for (const one of refused) expect((one as PromiseRejectedResult).reason.code).toBe('H2_DECODED_TOO_LARGE')
    expect((32 - refused.length) * 33_000_000).toBeLessThanOrEqual(8 * 33_554_432)
    expect(refused[0]).toMatchObject({
      reason: { message: expect.stringContaining('limits.freeDecodedSize') },
    })
    // Time forgives, and what is decoded within its ratio never counted.
    pair.clock.advance(20_000)
    const later = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(headers(65, fields), data(65, content, true))
    expect((await (await later.response).bytes()).length).toBe(33_000_000)
  })

  it('a million small responses that decode to a thousand times their octets are content like any other', () => {
    const { decoding } = checkOptions(undefined)
    for (let i = 0; i < 1_000_000; i++) {
      const meter = new DecodeMeter(decoding!, 1)
      meter.arrived(900)
      meter.check(900_000)
    }
  })

  it.each(BOMBS.map((bomb) => [bomb.coding, bomb] as const))(
    'a bomb in %s that is collected costs no more either',
    async (coding, bomb) => {
      const content = zeros(bomb, 200_000_000)
      const before = process.memoryUsage().arrayBuffers
      const { response } = await coded(content, { coding, end: false })
      expect(await rejection(response.text())).toMatchObject(TOO_LARGE)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
    },
  )
})
