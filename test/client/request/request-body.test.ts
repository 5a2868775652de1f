import { Readable } from 'node:stream'
import { describe, expect, it, test } from 'vitest'
import { takeBody } from '../../../src/client/request/request-body.ts'
import type { HTTP20RequestInit, RequestBody } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { response, rstStream, windowUpdate } from '../../support/wire.ts'
import { codeOf, Pair, rejection } from '../session/peer.ts'

const encode = (text: string) => new TextEncoder().encode(text)

function webStream(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encode(piece))
      controller.close()
    },
  })
}

async function* generated(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await settled()
    yield piece
  }
}

interface Sent {
  readonly head: Record<string, string>
  readonly content: string
  readonly finished: boolean
}

async function sent(init: HTTP20RequestInit): Promise<Sent> {
  const pair = await Pair.open()
  pair.connection.request('POST', '/', init)
  for (let i = 0; i < 20 && !pair.wire.finished(1); i++) await settled()
  expect(pair.wire.validator.faults).toEqual([])
  return { head: pair.wire.head(1), content: pair.wire.content(1), finished: pair.wire.finished(1) }
}

const FORM_TYPE = 'application/x-www-form-urlencoded;charset=UTF-8'
const TEXT_TYPE = 'text/plain;charset=UTF-8'

describe('every kind of body, its length and its type', () => {
  const bytes = encode('abc')
  it.each<[string, () => RequestBody, string, string | undefined, string | undefined]>([
    ['string', () => 'aé', 'aé', '3', TEXT_TYPE],
    ['empty string', () => '', '', '0', TEXT_TYPE],
    ['Uint8Array', () => bytes, 'abc', '3', undefined],
    ['empty bytes', () => new Uint8Array(), '', '0', undefined],
    ['ArrayBuffer', () => bytes.slice().buffer, 'abc', '3', undefined],
    ['DataView', () => new DataView(bytes.buffer, 1, 2), 'bc', '2', undefined],
    ['Buffer', () => Buffer.from('abc'), 'abc', '3', undefined],
    ['Blob', () => new Blob(['abc'], { type: 'a/b' }), 'abc', '3', 'a/b'],
    ['Blob without type', () => new Blob(['abc']), 'abc', '3', undefined],
    ['empty Blob', () => new Blob([]), '', '0', undefined],
    ['URLSearchParams', () => new URLSearchParams({ a: 'b c' }), 'a=b+c', '5', FORM_TYPE],
    ['Web stream', () => webStream('ab', 'c'), 'abc', undefined, undefined],
    ['empty Web stream', () => webStream(), '', undefined, undefined],
    ['Node stream', () => Readable.from([Buffer.from('ab'), Buffer.from('c')]), 'abc', undefined, undefined],
    ['async generator', () => generated('a', encode('bc')), 'abc', undefined, undefined],
    ['array of strings and bytes', () => ['a', encode('b'), 'é'], 'abé', undefined, undefined],
    ['empty array', () => [], '', undefined, undefined],
    ['set', () => new Set(['a', 'b']), 'ab', undefined, undefined],
    ['pieces that are empty', () => ['', 'a', '', new Uint8Array(), 'b'], 'ab', undefined, undefined],
  ])('%s', async (_, body, content, length, type) => {
    const made = await sent({ body: body() })
    expect(made.content).toBe(content)
    expect(made.finished).toBe(true)
    expect(made.head['content-length']).toBe(length)
    expect(made.head['content-type']).toBe(type)
  })

  test('FormData, with a boundary and a length', async () => {
    const form = new FormData()
    form.set('field', 'value')
    form.set('file', new Blob(['content']), 'name.txt')
    const { head, content } = await sent({ body: form })
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(head['content-type']!)![1]!
    expect(content).toContain(`--${boundary}\r\n`)
    expect(content).toContain('name="file"; filename="name.txt"')
    expect(content).toContain('value')
    expect(head['content-length']).toBe(String(content.length))
  })

  it.each<[string, () => unknown, string]>([
    ['a string', () => 'aé', 'aé'],
    ['bytes', () => bytes, 'abc'],
    ['a Blob', () => new Blob(['abc'], { type: 'a/b' }), 'abc'],
    ['a Web stream', () => webStream('ab', 'c'), 'abc'],
    ['a generator', () => generated('ab', 'c'), 'abc'],
    ['an iterable that uses its memory again', () => lent('abc'), 'abc'],
  ])('a function that gives %s', async (_, make, content) => {
    const made = await sent({ body: make as () => RequestBody })
    expect([made.content, made.finished]).toEqual([content, true])
    expect([made.head['content-length'], made.head['content-type']]).toEqual([undefined, undefined])
  })

  function* lent(text: string): Generator<Uint8Array> {
    const memory = new Uint8Array(1)
    for (const letter of text) {
      memory[0] = letter.charCodeAt(0)
      yield memory
    }
  }

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new TypeError('made none')
      },
    ],
    ['gives a function', () => () => 'abc'],
    ['gives nothing', () => undefined],
  ])('a function that %s fails the request', async (_, make) => {
    const pair = await Pair.open()
    const error = await rejection(
      pair.connection.request('POST', '/', { body: make as () => RequestBody }).response,
    )
    expect(error.code).toBe('H2_BODY')
    expect(error.cause).toBeInstanceOf(TypeError)
    await settled()
    expect(pair.connection.stats.streamsOpen).toBe(0)
  })

  test('what a function gave is stopped with the request', async () => {
    let cancelled = false
    const body = () =>
      new ReadableStream<Uint8Array>({
        cancel() {
          cancelled = true
        },
      })
    const pair = await Pair.open()
    const stream = pair.connection.request('POST', '/', { body })
    await settled()
    stream.cancel()
    expect(await codeOf(stream.response)).toBe('H2_STREAM_CANCELLED')
    expect(cancelled).toBe(true)
  })

  const form = new FormData()
  it.each<[string, unknown, boolean]>([
    ['a string', 'abc', true],
    ['bytes', bytes, true],
    ['an ArrayBuffer', bytes.buffer, true],
    ['a Blob', new Blob([]), true],
    ['URLSearchParams', new URLSearchParams(), true],
    ['FormData', form, true],
    ['a function', () => 'abc', true],
    ['a Web stream', webStream(), false],
    ['a Node stream', Readable.from([]), false],
    ['an async generator', generated(), false],
    ['an array', ['a'], false],
  ])('%s can be sent again: %s', (_, body, replayable) => {
    expect(takeBody(body).replayable).toBe(replayable)
  })

  test('what can be sent again is the same again', async () => {
    form.set('a', new Blob(['b']), 'c')
    for (const body of [new Blob(['abc']), form, () => webStream('abc')]) {
      const { open } = takeBody(body)
      const texts = []
      for (const source of [open!(), open!()]) {
        let text = ''
        for (let result = await source.next(); result.done !== true; result = await source.next()) {
          text += Buffer.from(result.value as Uint8Array)
        }
        texts.push(text)
      }
      expect(texts[0]).not.toBe('')
      expect(texts[1]).toBe(texts[0])
    }
  })

  it.each([
    ['POST', '0'],
    ['PUT', '0'],
    ['PATCH', '0'],
    ['GET', undefined],
    ['DELETE', undefined],
  ])('no body with %s (RFC 9110 §8.6)', async (method, length) => {
    const pair = await Pair.open()
    pair.connection.request(method, '/')
    await settled()
    expect(pair.wire.head(1)['content-length']).toBe(length)
    expect(pair.wire.finished(1)).toBe(true)
  })

  test('what the caller says stays', async () => {
    const { head } = await sent({
      body: 'abc',
      headers: { 'Content-Type': 'application/json', 'Content-Length': '3' },
    })
    expect(head).toMatchObject({ 'content-type': 'application/json', 'content-length': '3' })
  })

  test('a source that lends its memory', async () => {
    const { content } = await sent({
      body: (function* () {
        const memory = new Uint8Array(2)
        for (const letter of 'abc') {
          memory.fill(letter.charCodeAt(0))
          yield memory
        }
      })(),
    })
    expect(content).toBe('aabbcc')
  })

  test('a stream that is locked', async () => {
    const stream = webStream('a')
    stream.getReader()
    const pair = await Pair.open()
    expect(() => pair.connection.request('POST', '/', { body: stream })).toThrow(TypeError)
  })
})

describe('flow control of an upload (RFC 9113 §6.9)', () => {
  test('a source is asked no more than the stream takes, and again when it does', async () => {
    const pair = await Pair.open()
    let asked = 0
    const piece = new Uint8Array(10_000)
    pair.connection.request('POST', '/', {
      body: (function* () {
        for (; asked < 100; asked++) yield piece
      })(),
    })
    await settled()
    expect(pair.wire.content(1).length).toBe(65_535)
    // 65,535 sent, at most 262,144 and a piece wait.
    expect(asked).toBeGreaterThan(6)
    expect(asked).toBeLessThan(35)
    await pair.wire.send(windowUpdate(0, 2_000_000), windowUpdate(1, 2_000_000))
    expect(pair.wire.content(1).length).toBe(1_000_000)
    expect(pair.wire.finished(1)).toBe(true)
  })

  test('chunks need not fit a window', async () => {
    const pair = await Pair.open({}, { settings: { 4: 10 } })
    pair.connection.request('POST', '/', { body: 'x'.repeat(25) })
    await settled()
    expect(pair.wire.content(1).length).toBe(10)
    await pair.wire.send(windowUpdate(1, 10))
    await pair.wire.send(windowUpdate(1, 10))
    expect(pair.wire.content(1).length).toBe(25)
    expect(pair.wire.finished(1)).toBe(true)
  })
})

describe('trailers of a request (RFC 9113 §8.1)', () => {
  const digest: HTTP20RequestInit['trailers'] = { 'X-Digest': 'abc' }
  it.each<[string, HTTP20RequestInit]>([
    ['a record behind bytes', { body: 'abc', trailers: digest }],
    ['pairs behind a source', { body: generated('abc'), trailers: [['x-digest', 'abc']] }],
    ['Headers without a body', { trailers: new Headers({ 'x-digest': 'abc' }) }],
    ['a function', { body: generated('abc'), trailers: () => ({ 'x-digest': 'abc' }) }],
    ['a function that takes time', { body: 'abc', trailers: async () => ({ 'x-digest': 'abc' }) }],
  ])('%s', async (_, init) => {
    const pair = await Pair.open()
    pair.connection.request('POST', '/', init)
    for (let i = 0; i < 10; i++) await settled()
    expect(pair.wire.sections(1)[1]).toEqual([['x-digest', 'abc']])
    expect(pair.wire.finished(1)).toBe(true)
    expect(pair.wire.validator.faults).toEqual([])
  })

  test('the function is called behind the body', async () => {
    const order: string[] = []
    await sent({
      body: (function* () {
        order.push('body')
        yield 'a'
        order.push('end')
      })(),
      trailers: () => {
        order.push('trailers')
        return {}
      },
    })
    expect(order).toEqual(['body', 'end', 'trailers'])
  })

  it.each<[string, HTTP20RequestInit['trailers'], object]>([
    ['a function that gives what is not valid', () => ({ 'a b': 'c' }), { name: 'TypeError' }],
    ['a function that gives what must not be there', async () => ({ host: 'b' }), { name: 'TypeError' }],
    [
      'a function that throws',
      () => {
        throw new Error('no')
      },
      { code: 'H2_BODY', cause: new Error('no') },
    ],
    ['a function that rejects', () => Promise.reject(new Error('no')), { code: 'H2_BODY' }],
  ])('%s', async (_, trailers, expected) => {
    const pair = await Pair.open()
    const stream = pair.connection.request('POST', '/', { body: 'a', trailers })
    expect(await rejection(stream.response)).toMatchObject(expected)
    await settled()
    expect(pair.wire.finished(1)).toBe(false)
  })
})

describe('a source that is no good', () => {
  const boom = new Error('boom')
  it.each<[string, () => RequestBody, object]>([
    [
      'throws',
      () =>
        (async function* () {
          yield 'a'
          throw boom
        })(),
      { code: 'H2_BODY', initiator: 'user', cause: boom },
    ],
    [
      'throws at once, without waiting',
      () =>
        (function* () {
          yield 'a'
          throw boom
        })(),
      { code: 'H2_BODY', cause: boom },
    ],
    [
      'a Web stream with an error',
      () => new ReadableStream({ pull: (controller) => controller.error(boom) }),
      { code: 'H2_BODY', cause: boom },
    ],
    [
      'a Node stream with an error',
      () => new Readable({ read: () => {} }).destroy(boom),
      { code: 'H2_BODY', cause: boom },
    ],
    ['gives numbers', () => [1, 2] as never, { name: 'TypeError' }],
    ['gives null', () => generated(null as never), { name: 'TypeError' }],
  ])('%s', async (_, body, expected) => {
    const pair = await Pair.open()
    const { response: answer } = pair.connection.request('POST', '/', { body: body() })
    expect(await rejection(answer)).toMatchObject(expected)
    await settled()
    expect(pair.wire.resets.filter(([, code]) => code !== 8)).toEqual([])
    expect(pair.wire.finished(1)).toBe(false)
    // The connection is none the worse.
    const next = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(next.streamId!, 200, true))
    expect((await next.response).status).toBe(200)
  })

  it.each([
    ['too much', ['abc', 'd'], 'abc'],
    ['too little', ['ab'], 'ab'],
  ])('%s for the content-length announced (RFC 9113 §8.1.1)', async (_, body, most) => {
    const pair = await Pair.open()
    const stream = pair.connection.request('POST', '/', { body, headers: { 'content-length': '3' } })
    const error = await rejection(stream.response)
    expect(error.code).toBe('H2_BODY')
    expect(error.message).toContain('content-length')
    await settled()
    expect(most.startsWith(pair.wire.content(1))).toBe(true)
    expect(pair.wire.finished(1)).toBe(false)
  })
})

describe('a peer that stops an upload', () => {
  interface Endless {
    readonly body: AsyncIterable<string>
    stopped: number
  }

  function endless(): Endless {
    const source: Endless = {
      stopped: 0,
      body: {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            await settled()
            return { done: false, value: 'x'.repeat(1000) }
          },
          return: async () => {
            source.stopped++
            return { done: true, value: undefined }
          },
        }),
      },
    }
    return source
  }

  test('early response: it is delivered, the source is told once', async () => {
    const pair = await Pair.open()
    const source = endless()
    const stream = pair.connection.request('POST', '/', { body: source.body })
    await settled()
    await pair.wire.send(response(1, 413, true), rstStream(1, 0))
    expect((await stream.response).status).toBe(413)
    await settled()
    await settled()
    expect(source.stopped).toBe(1)
    expect(pair.wire.resets.length).toBeLessThanOrEqual(1)
    expect(pair.connection.stats.streamsOpen).toBe(0)
  })

  test('reset', async () => {
    const pair = await Pair.open()
    const source = endless()
    const stream = pair.connection.request('POST', '/', { body: source.body })
    await settled()
    await pair.wire.send(rstStream(1, 7))
    expect(await codeOf(stream.response)).toBe('H2_STREAM_REFUSED')
    expect(source.stopped).toBe(1)
    expect(pair.wire.resets).toEqual([])
  })

  test('a Web stream is cancelled', async () => {
    const pair = await Pair.open()
    let cancelled = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(50_000)),
      cancel: () => {
        cancelled++
      },
    })
    const stream = pair.connection.request('POST', '/', { body })
    await settled()
    stream.cancel()
    expect(await codeOf(stream.response)).toBe('H2_STREAM_CANCELLED')
    await settled()
    expect(cancelled).toBe(1)
    expect(pair.wire.resets).toEqual([[1, 8]])
  })
})
