import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, it, test, vi } from 'vitest'
import { decoder } from '../../src/transport/node-decode.ts'
import type { Decode } from '../../src/transport/transport.ts'
import { rejection } from './loopback.ts'
import { ZSTD_FRAMES, ZSTD_TEXT } from './zstd-samples.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A source that counts what was taken of it and how it ended. */
class Source implements AsyncIterableIterator<Uint8Array> {
  taken = 0
  returned = 0
  readonly #chunks: readonly Uint8Array[]

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#chunks[this.taken]
    if (value === undefined) return { done: true, value: undefined }
    this.taken++
    return { done: false, value }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.returned++
    return { done: true, value: undefined }
  }
}

function decoderOf(coding: string): Decode {
  const decode = decoder(coding)
  if (decode === undefined) throw new Error(`no decoder of ${coding}`)
  return decode
}

async function decoded(coding: string, source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of decoderOf(coding)(source)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

const TEXT = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(500))

/** Coding, how it is made. */
const CODINGS: [string, string, (data: Uint8Array) => Uint8Array][] = [
  ['gzip', 'gzip', gzipSync],
  ['x-gzip', 'gzip', gzipSync],
  ['deflate', 'deflate', deflateSync],
  ['deflate without its wrapper', 'deflate', deflateRawSync],
  ['br', 'br', brotliCompressSync],
]

const OPENERS: {
  [label: string]: 'createGunzip' | 'createInflate' | 'createInflateRaw' | 'createBrotliDecompress'
} = {
  gzip: 'createGunzip',
  'x-gzip': 'createGunzip',
  deflate: 'createInflate',
  'deflate without its wrapper': 'createInflateRaw',
  br: 'createBrotliDecompress',
}

describe.each(CODINGS)('%s', (label, coding, encode) => {
  const name = label === 'x-gzip' ? label : coding

  test.each([
    ['whole', Number.POSITIVE_INFINITY],
    ['in chunks of 100 bytes', 100],
    ['in chunks of one byte', 1],
  ])('is decoded, %s', async (_name, size) => {
    const source = new Source(cut(encode(TEXT), Math.min(size, 1 << 20)))
    expect((await decoded(name, source)).equals(TEXT)).toBe(true)
    expect(source.returned).toBe(0)
  })

  it('is decoded whatever the data and the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 600 }),
        async (data, size) => {
          const result = await decoded(name, new Source(cut(encode(data), size)))
          expect(result.equals(data)).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('takes no notice of empty chunks', async () => {
    const none = new Uint8Array(0)
    const chunks = cut(encode(TEXT), 50).flatMap((chunk) => [none, chunk, none])
    expect((await decoded(name, new Source(chunks))).equals(TEXT)).toBe(true)
  })

  test.each([
    ['nothing', []],
    ['an empty chunk', [new Uint8Array(0)]],
  ])('of %s is empty', async (_name, chunks) => {
    expect((await decoded(name, new Source(chunks))).length).toBe(0)
  })

  it('cut short throws, wherever', async () => {
    const whole = encode(Buffer.from('some text to be cut'))
    for (let end = 1; end < whole.length; end++) {
      const error = await rejection(decoded(name, new Source([whole.subarray(0, end)])))
      expect(error).toMatchObject({
        message: `${coding} content is truncated`,
        cause: { code: 'Z_BUF_ERROR' },
      })
    }
  })

  it('followed by other data throws', async () => {
    const whole = encode(TEXT)
    const together = new Source([Buffer.concat([whole, Buffer.from('more')])])
    const apart = new Source([whole, Buffer.from('more')])
    for (const source of [together, apart]) {
      const error = await rejection(decoded(name, source))
      expect(String(error)).toMatch(
        new RegExp(`^Error: ${coding} content is (followed by other data|corrupt: incorrect header check)$`),
      )
    }
  })

  it('followed by zeros is whole in gzip, and in no other', async () => {
    const whole = encode(TEXT)
    const zeros = new Uint8Array(700)
    const chunkings = [
      [Buffer.concat([whole, zeros])],
      [whole, zeros],
      [whole, zeros, zeros],
      cut(Buffer.concat([whole, zeros]), 97),
    ]
    for (const chunks of chunkings) {
      if (coding === 'gzip') {
        expect((await decoded(name, new Source(chunks))).equals(TEXT)).toBe(true)
      } else {
        const error = await rejection(decoded(name, new Source(chunks)))
        expect(String(error)).toContain('is followed by other data')
      }
    }
  })

  it('followed by zeros and then by something throws', async () => {
    for (const size of [1 << 20, 100, 1]) {
      const bytes = Buffer.concat([encode(TEXT), new Uint8Array(150), Buffer.from('x')])
      const error = await rejection(decoded(name, new Source(cut(bytes, size))))
      expect(String(error)).toMatch(/is followed by other data/)
    }
  })

  it('cut short is given as far as it goes where that is wanted', async () => {
    const whole = encode(TEXT)
    const decode = decoder(name, true)!
    let longest = 0
    for (let end = 0; end <= whole.length; end++) {
      const pieces: Uint8Array[] = []
      for await (const piece of decode(new Source(cut(whole.subarray(0, end), 50)))) pieces.push(piece)
      const text = Buffer.concat(pieces)
      expect(TEXT.subarray(0, text.length).equals(text)).toBe(true)
      expect(text.length).toBeGreaterThanOrEqual(longest)
      longest = text.length
    }
    expect(longest).toBe(TEXT.length)
  })

  it('cut short where that is wanted is still an error if it is corrupt', async () => {
    const decode = decoder(name, true)!
    const error = await rejection(
      (async () => {
        for await (const _ of decode(new Source([Buffer.from('this is no coded data at all')])));
      })(),
    )
    expect(String(error)).toContain('is corrupt')
  })

  it('hands on the error of its source, and does not return it', async () => {
    const failure = new Error('reset')
    const source = new Source([encode(TEXT).subarray(0, 10)])
    const next = source.next.bind(source)
    source.next = async () => (source.taken === 0 ? next() : Promise.reject(failure))
    expect(await rejection(decoded(name, source))).toBe(failure)
    expect(source.returned).toBe(0)
  })

  it('reads no more than it must for the next piece', async () => {
    const data = Buffer.alloc(1_000_000)
    for (let i = 0; i < data.length; i++) data[i] = (i * 7919) >>> 5
    const source = new Source(cut(encode(data), 1000))
    const pieces = decoderOf(name)(source)[Symbol.asyncIterator]()
    await pieces.next()
    const { taken } = source
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(source.taken).toBe(taken)
    await pieces.return?.()
  })

  it('returns its source and lets go of zlib when the consumer stops', async () => {
    const opened = vi.spyOn(process.getBuiltinModule('node:zlib'), OPENERS[label]!)
    const source = new Source(cut(encode(TEXT), 20))
    for await (const piece of decoderOf(name)(source)) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    expect(source.returned).toBe(1)
    expect(opened.mock.results[0]?.value).toMatchObject({ destroyed: true })
  })
})

describe('garbage', () => {
  test.each([
    ['gzip', 'incorrect header check'],
    ['deflate', 'invalid'],
    ['br', 'Decompression failed'],
  ])('in %s throws, with the error of zlib as cause, and returns the source', async (coding, reason) => {
    const source = new Source([Buffer.alloc(100, 0xff), Buffer.alloc(100, 0xff)])
    const error = (await rejection(decoded(coding, source))) as Error
    expect(error.message).toContain(`${coding} content is corrupt: ${reason}`)
    expect(error.cause).toBeInstanceOf(Error)
    expect(source.returned).toBe(1)
  })
})

describe('gzip of several members (RFC 1952 §2.2)', () => {
  const members = Buffer.concat([gzipSync('one '), gzipSync('two '), gzipSync('three')])

  test.each([1, 7, 1000])('is decoded in chunks of %i', async (size) => {
    expect(String(await decoded('gzip', new Source(cut(members, size))))).toBe('one two three')
  })

  it('cut short in the last throws', async () => {
    const error = await rejection(decoded('gzip', new Source([members.subarray(0, -3)])))
    expect(String(error)).toContain('is truncated')
  })
})

describe('an early stop', () => {
  it('before the first piece returns the source, and loads nothing', async () => {
    const load = vi.spyOn(process, 'getBuiltinModule')
    const source = new Source([gzipSync(TEXT)])
    const pieces = decoderOf('gzip')(source)[Symbol.asyncIterator]()
    await pieces.return?.()
    expect(await pieces.next()).toEqual({ done: true, value: undefined })
    expect([source.taken, source.returned]).toEqual([0, 1])
    expect(load).not.toHaveBeenCalled()
  })

  it('while the source is silent returns it at once', async () => {
    const source = new Source([])
    let settle: ((result: IteratorResult<Uint8Array>) => void) | undefined
    source.next = () =>
      new Promise((resolve) => {
        settle = resolve
      })
    source.return = async () => {
      source.returned++
      settle?.({ done: true, value: undefined })
      return { done: true, value: undefined }
    }
    const pieces = decoderOf('gzip')(source)[Symbol.asyncIterator]()
    const waiting = pieces.next()
    await pieces.return?.()
    expect(source.returned).toBe(1)
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('twice returns the source once', async () => {
    const source = new Source([gzipSync(TEXT)])
    const pieces = decoderOf('gzip')(source)[Symbol.asyncIterator]()
    await pieces.next()
    await pieces.return?.()
    await pieces.return?.()
    expect(source.returned).toBe(1)
  })
})

describe('zstd', () => {
  const decode = decoder('zstd')
  const runtime = process.getBuiltinModule('node:zlib') as { createZstdDecompress?: unknown }

  it('is there where the runtime has it', () => {
    expect(decode !== undefined).toBe(runtime.createZstdDecompress !== undefined)
  })

  for (const size of decode === undefined ? [] : [1, 1000]) {
    it(`is decoded in chunks of ${size}, and not if it was cut short (RFC 8878 §3.1)`, async () => {
      const frame = Buffer.from(ZSTD_FRAMES[0]![1], 'hex')
      expect(String(await decoded('zstd', new Source(cut(frame, size))))).toBe(ZSTD_TEXT)
      for (let end = 1; end < frame.length; end++) {
        const error = await rejection(decoded('zstd', new Source(cut(frame.subarray(0, end), size))))
        expect(String(error)).toContain('zstd content is truncated')
      }
    })
  }

  // A frame with this window descriptor, and one block of 100,000 times one octet (RFC 8878 §3.1.1).
  const frame = (descriptor: number) =>
    Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 0x03, 0x35, 0x0c, 0])

  for (const [size, descriptor, fits] of decode === undefined
    ? []
    : ([
        ['8 MiB', 0x68, true],
        ['9 MiB', 0x69, false],
        ['128 MiB', 0x88, false],
      ] as const)) {
    it(`of a window of ${size} ${fits ? 'is decoded' : 'is refused before there is memory for it (RFC 9659 §3)'}`, async () => {
      const content = decoded('zstd', new Source([frame(descriptor)]))
      if (fits) expect((await content).equals(Buffer.alloc(100_000))).toBe(true)
      else expect(String(await rejection(content))).toMatch(/^Error: zstd content is corrupt: .*/)
    })
  }
})

describe('a coding that is not known', () => {
  test.each(['identity', 'compress', 'GZIP', '', 'toString', '__proto__'])('%j has no decoder', (coding) => {
    expect(decoder(coding)).toBeUndefined()
  })
})
