/** What the Fetch standard says of corners: ports, methods, bytes of other realms, streams that nobody pulls. */
import vm from 'node:vm'
import { describe, expect, it, test } from 'vitest'
import { fetch } from '../../../src/index.ts'
import type { OriginResponse } from '../../../src/testing/index.ts'
import { answering, failure, Origins, Pieces } from './fetch-origins.ts'

const URL_A = 'https://a.test/'

/** A stream that remembers what it was cancelled with. */
class Watched {
  reason: unknown
  readonly stream: ReadableStream<Uint8Array>

  constructor() {
    this.stream = new ReadableStream<Uint8Array>(
      {
        cancel: (reason) => {
          this.reason = reason
        },
      },
      { highWaterMark: 0 },
    )
  }
}

test('fetch has one parameter that must be given', () => {
  const noop = (request: Request, next: (request: Request) => Promise<Response>) => next(request)
  expect([
    fetch.length,
    answering({}).fetch.length,
    answering({}, { middleware: [noop] }).fetch.length,
  ]).toEqual([1, 1, 1])
})

describe('ports (Fetch §2.9)', () => {
  it.each([1, 22, 25, 6000, 6667, 10080])('%i is blocked, and nobody is asked', async (port) => {
    const origins = answering({})
    for (const scheme of ['http', 'https']) {
      const body = new Watched()
      const init = { method: 'POST', body: body.stream, duplex: 'half' } as const
      const error = await failure(origins.fetch(`${scheme}://a.test:${port}/`, init))
      expect([error.constructor, error.message, error.cause?.code]).toEqual([
        TypeError,
        'fetch failed',
        'H2_FETCH',
      ])
      expect(error.cause?.message).toBe(`request failed: port ${port} is blocked (Fetch §2.9)`)
      expect(body.reason).toBe(error)
    }
    expect(origins.sent).toEqual([])
  })

  it.each([
    'https://a.test/',
    'http://a.test/',
    'https://a.test:8443/',
    'https://a.test:80/',
    'http://a.test:443/',
  ])('%s is not', async (url) => {
    expect((await answering({}).fetch(url)).status).toBe(200)
  })

  test('a redirect does not lead to one either', async () => {
    const origins = answering({ status: 302, headers: { location: 'https://a.test:6667/' } })
    const error = await failure(origins.fetch(URL_A))
    expect(error.cause?.message).toMatch(/^redirect failed: location leads to port 6667, which is blocked/)
    expect(origins.sent).toHaveLength(1)
  })
})

describe('mode no-cors', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'QUERY', 'OPTIONS'])('does not allow %s', async (method) => {
    const origins = answering({})
    expect((await failure(origins.fetch(URL_A, { method, mode: 'no-cors' }))).constructor).toBe(TypeError)
    expect(origins.sent).toEqual([])
  })

  it.each(['GET', 'HEAD', 'POST', 'post'])('allows %s', async (method) => {
    expect((await answering({}).fetch(URL_A, { method, mode: 'no-cors' })).status).toBe(200)
  })
})

describe('bytes', () => {
  const echo = () => new Origins(async (request) => ({ body: await request.bytes() }))
  const sent = async (body: unknown) => {
    const response = await echo().fetch(URL_A, { method: 'POST', body: body as Uint8Array<ArrayBuffer> })
    return response.text()
  }
  const there = vm.runInNewContext('({ ArrayBuffer, Uint8Array, DataView })')

  it.each<[string, () => unknown, string]>([
    ['an ArrayBuffer of another realm', () => new there.Uint8Array(Buffer.from('abc')).buffer, 'abc'],
    ['a Uint8Array of another realm', () => new there.Uint8Array(Buffer.from('abc')), 'abc'],
    ['a DataView of another realm', () => new there.DataView(new there.Uint8Array([97, 98]).buffer, 1), 'b'],
    [
      'what only says that it is one',
      () => ({ [Symbol.toStringTag]: 'ArrayBuffer' }),
      '[object ArrayBuffer]',
    ],
    ['a detached ArrayBuffer', () => detached(new ArrayBuffer(3)), ''],
    ['a view of one', () => viewOf(new Uint8Array(3)), ''],
    ['a Buffer of one', () => viewOf(Buffer.from(new ArrayBuffer(3))), ''],
  ])('%s', async (_what, make, expected) => {
    expect(await sent(make())).toBe(expected)
  })

  function detached(buffer: ArrayBuffer): ArrayBuffer {
    structuredClone(buffer, { transfer: [buffer] })
    return buffer
  }
  function viewOf<T extends Uint8Array<ArrayBuffer>>(view: T): T {
    detached(view.buffer)
    return view
  }
})

describe('a body that is a stream, behind a redirect that asks for it again', () => {
  const middleware = [(request: Request, next: (request: Request) => Promise<Response>) => next(request)]
  async function* pieces() {
    yield 'short'
  }
  const bodies: [string, () => AsyncIterable<string> | ReadableStream<Uint8Array>][] = [
    ['a stream', () => new Blob(['short']).stream()],
    ['an iterator', pieces],
  ]
  test.each(bodies)('%s is refused, with middleware and without', async (_what, body) => {
    for (const options of [{}, { middleware }]) {
      const origins = new Origins((_, url) => answer(url), options)
      const init = { method: 'POST', body: body(), duplex: 'half' } as const
      const error = await failure(origins.fetch(URL_A, init))
      expect(error.cause?.message).toMatch(/the body is a stream, which cannot be sent again/)
    }
  })

  test('bytes are sent again, with middleware and without', async () => {
    for (const options of [{}, { middleware }]) {
      const origins = new Origins((_, url) => answer(url), options)
      expect(await (await origins.fetch(URL_A, { method: 'POST', body: 'short' })).text()).toBe('there')
    }
  })

  function answer(url: URL): OriginResponse {
    return url.pathname === '/' ? { status: 307, headers: { location: '/there' } } : { body: 'there' }
  }
})

describe('cookies that are waited for', () => {
  test('an abort meanwhile cancels the body', async () => {
    const controller = new AbortController()
    const body = new Watched()
    const jar = {
      getCookieString: () => {
        queueMicrotask(() => controller.abort(new Error('changed my mind')))
        return new Promise<string>(() => {})
      },
      setCookie: () => {},
    }
    const origins = answering({}, { cookies: jar })
    const init = { method: 'POST', body: body.stream, duplex: 'half', signal: controller.signal } as const
    const error = await failure(origins.fetch(URL_A, init))
    expect(error.message).toBe('changed my mind')
    expect(body.reason).toBe(error)
    expect(origins.sent).toEqual([])
  })

  test('a jar that fails cancels it, too', async () => {
    const body = new Watched()
    const jar = { getCookieString: () => Promise.reject(new Error('no jar')), setCookie: () => {} }
    const init = { method: 'POST', body: body.stream, duplex: 'half' } as const
    const error = await failure(answering({}, { cookies: jar }).fetch(URL_A, init))
    expect(error.message).toBe('no jar')
    expect(body.reason).toMatchObject({ message: 'no jar' })
  })
})

describe('a stream that nobody pulls', () => {
  test('is closed as soon as an empty body has ended', async () => {
    const { body } = await answering({ body: '' }).fetch(URL_A)
    await body?.getReader().closed
  })

  test('is closed with its last piece, not by one more read', async () => {
    const reader = (await answering({ body: 'abc' }).fetch(URL_A)).body!.getReader()
    expect((await reader.read()).value).toHaveLength(3)
    await reader.closed
  })

  test.each([
    ['that nothing was read of', false],
    ['that was read as far as it came', true],
  ])('fails when its connection breaks, one %s', async (_which, reads) => {
    const pieces = new Pieces()
    const origins = new Origins(() => ({ body: pieces }))
    const response = await origins.fetch(URL_A)
    const reader = response.body!.getReader()
    if (reads) {
      pieces.push('abc')
      expect((await reader.read()).value).toHaveLength(3)
    }
    origins.connection('https://a.test').destroy(new Error('gone'))
    const error = await failure(reader.closed)
    expect([error.constructor, error.message, error.cause?.code]).toEqual([
      TypeError,
      'terminated',
      'H2_CONNECTION_CLOSED',
    ])
  })
})

describe('an abort after all content arrived', () => {
  const arrived = async (body: string) => {
    const controller = new AbortController()
    const origins = answering({ body })
    const response = await origins.fetch(URL_A, { signal: controller.signal })
    expect(await origins.openStreams()).toBe(0)
    controller.abort(new Error('too late?'))
    return response
  }

  test('fails what was not read', async () => {
    for (const read of [(r: Response) => r.text(), (r: Response) => r.body!.getReader().read()]) {
      expect((await failure(read(await arrived('content')))).message).toBe('too late?')
    }
  })

  test.each(['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData'] as const)(
    'is what %s() has rejected with as it returns, however often it is called',
    async (member) => {
      const response = await arrived('content')
      for (let i = 0; i < 2; i++) {
        const order: string[] = []
        const rejected = response[member]().catch((error: Error) => order.push(error.message))
        await Promise.all([rejected, Promise.resolve().then(() => order.push('the next microtask'))])
        expect(order).toEqual(['too late?', 'the next microtask'])
      }
    },
  )

  test('changes nothing for a clone of what was empty', async () => {
    const controller = new AbortController()
    const response = await answering({ body: '' }).fetch(URL_A, { signal: controller.signal })
    await response.clone().text()
    const reader = response.body!.getReader()
    controller.abort()
    expect((await reader.read()).done).toBe(true)
  })

  test('changes nothing where there was no content to read', async () => {
    expect(await (await arrived('')).text()).toBe('')
    expect(await (await arrived('')).body?.getReader().read()).toMatchObject({ done: true })
  })
})
