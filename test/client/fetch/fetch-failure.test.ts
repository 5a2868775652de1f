/** How a `fetch` fails: Fetch §4.1 (network errors), §5.6 (abort). */
import { describe, expect, it, test } from 'vitest'
import { H2Error } from '../../../src/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { answering, failure, Origins, Pieces } from './fetch-origins.ts'

const URL_A = 'https://a.test/'

describe('network errors (Fetch §4.1)', () => {
  test('the connection is lost', async () => {
    const origins = new Origins(() => new Promise(() => {}))
    const promise = failure(origins.fetch(URL_A))
    await settled()
    origins.origin('https://a.test').destroy()
    const error = await promise
    expect([error.constructor, error.message]).toEqual([TypeError, 'fetch failed'])
    expect(error.cause).toBeInstanceOf(H2Error)
    expect(error.cause?.code).toBe('H2_CONNECTION_CLOSED')
  })

  test('the peer resets the request', async () => {
    const origins = new Origins(() => {
      throw new Error('handler')
    })
    const error = await failure(origins.fetch(URL_A))
    expect([error.message, error.cause?.code]).toEqual(['fetch failed', 'H2_STREAM_RESET'])
  })

  test('time runs out', async () => {
    const clock = new VirtualClock()
    const origins = new Origins(() => new Promise(() => {}), {}, { clock })
    const promise = failure(origins.fetch(URL_A, { timeouts: { headers: 50 } }))
    await clock.advance(50)
    const error = await promise
    expect([error.message, error.cause?.code]).toEqual(['fetch failed', 'H2_TIMEOUT_HEADERS'])
  })

  test('the body of the request fails', async () => {
    const origins = new Origins(async (request) => ({ body: await request.text() }))
    // biome-ignore lint/correctness/useYield: it fails before it gives anything
    const body = (async function* (): AsyncGenerator<string> {
      throw new Error('source')
    })()
    const error = await failure(origins.fetch(URL_A, { method: 'POST', body, duplex: 'half' }))
    expect([error.message, error.cause?.cause]).toEqual(['fetch failed', new Error('source')])
  })

  test('the body of the request gives what cannot be sent: misuse', async () => {
    const origins = new Origins(async (request) => ({ body: await request.text() }))
    const body = [1] as unknown as string[]
    const error = await failure(origins.fetch(URL_A, { method: 'POST', body }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).not.toBe('fetch failed')
    expect(error.cause).toBe(undefined)
  })
})

describe('abort (Fetch §5.6)', () => {
  const reason = { name: 'its own' }

  it.each([
    ['its own', () => reason, reason],
    ['a string', () => 'why', 'why'],
  ])('rejects with the reason, %s', async (_name, why, expected) => {
    const controller = new AbortController()
    const origins = new Origins(() => new Promise(() => {}))
    const promise = origins.fetch(URL_A, { signal: controller.signal })
    await settled()
    controller.abort(why())
    expect(await failure(promise)).toBe(expected)
    expect(await origins.openStreams()).toBe(0)
    expect(origins.arrived[0]!.request.signal.aborted).toBe(true)
  })

  test('without a reason it is an AbortError', async () => {
    const origins = answering({})
    const error = await failure(origins.fetch(URL_A, { signal: AbortSignal.abort() }))
    expect([error instanceof DOMException, error.name]).toEqual([true, 'AbortError'])
    expect(origins.sent).toEqual([])
  })

  test('before: nothing is sent, and the body of a Request is given up', async () => {
    const origins = answering({})
    let cancelled: unknown
    const body = new ReadableStream({
      cancel(why) {
        cancelled = why
      },
    })
    const request = new Request(URL_A, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(await failure(origins.fetch(request, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(origins.sent).toEqual([])
    await settled()
    expect(cancelled).toBe(reason)
  })

  test('before, but misuse is said first', async () => {
    const signal = AbortSignal.abort(reason)
    expect(await failure(answering({}).fetch('no URL', { signal }))).toBeInstanceOf(TypeError)
  })

  test('while the body of a Request is waited for', async () => {
    const controller = new AbortController()
    const origins = answering({})
    const body = new ReadableStream({ pull: () => new Promise(() => {}) })
    const request = new Request(URL_A, { method: 'POST', body, duplex: 'half' } as RequestInit)
    const promise = failure(origins.fetch(request, { signal: controller.signal }))
    controller.abort(reason)
    expect(await promise).toBe(reason)
    expect(origins.sent).toEqual([])
  })

  test('while the request is being sent', async () => {
    const controller = new AbortController()
    const origins = new Origins(async (request) => ({ body: await request.text() }))
    let returned = false
    const body = (async function* () {
      try {
        for (;;) {
          yield 'x'
          await settled()
        }
      } finally {
        returned = true
      }
    })()
    const promise = failure(
      origins.fetch(URL_A, { method: 'POST', body, duplex: 'half', signal: controller.signal }),
    )
    await settled()
    controller.abort(reason)
    expect(await promise).toBe(reason)
    await settled()
    expect(returned).toBe(true)
  })

  test('between two hops', async () => {
    const controller = new AbortController()
    const origins = new Origins((_request, url) => {
      if (url.pathname === '/') return { status: 302, headers: { location: '/to' } }
      controller.abort(reason)
      return {}
    })
    expect(await failure(origins.fetch(URL_A, { signal: controller.signal }))).toBe(reason)
  })

  it.each(['text', 'json', 'bytes', 'arrayBuffer', 'blob'] as const)(
    'while the body is read: %s',
    async (member) => {
      const controller = new AbortController()
      const pieces = new Pieces()
      const origins = new Origins(() => ({ body: pieces }))
      const response = await origins.fetch(URL_A, { signal: controller.signal })
      pieces.push('ab')
      const promise = failure(response[member]() as Promise<unknown>)
      await settled()
      controller.abort(reason)
      expect(await promise).toBe(reason)
      expect(await origins.openStreams()).toBe(0)
    },
  )

  test('with a reason that looks like a failure of ours', async () => {
    const controller = new AbortController()
    const origins = new Origins(() => ({ body: new Pieces() }))
    const response = await origins.fetch(URL_A, { signal: controller.signal })
    const failing = new Origins(() => {
      throw new Error('handler')
    })
    const ours = (await failure(failing.fetch(URL_A))).cause
    expect(ours).toBeInstanceOf(H2Error)
    const promise = failure(response.text())
    await settled()
    controller.abort(ours)
    expect(await promise).toBe(ours)
  })

  test('while the body is read as a stream', async () => {
    const controller = new AbortController()
    const pieces = new Pieces()
    const origins = new Origins(() => ({ body: pieces }))
    const response = await origins.fetch(URL_A, { signal: controller.signal })
    pieces.push('ab')
    const reader = response.body!.getReader()
    await reader.read()
    const next = failure(reader.read())
    controller.abort(reason)
    expect(await next).toBe(reason)
    expect(await failure(reader.closed)).toBe(reason)
  })

  it.each(['text', 'bytes'] as const)('when the body is there and was not read: %s', async (member) => {
    const controller = new AbortController()
    const origins = answering({ body: 'abc' })
    const response = await origins.fetch(URL_A, { signal: controller.signal })
    await settled()
    controller.abort(reason)
    expect(await failure(response[member]() as Promise<unknown>)).toBe(reason)
  })

  test('when the body is there and a stream of it was touched', async () => {
    const controller = new AbortController()
    const response = await answering({ body: 'abc' }).fetch(URL_A, { signal: controller.signal })
    const reader = response.body!.getReader()
    await settled()
    controller.abort(reason)
    expect(await failure(reader.read())).toBe(reason)
  })

  test('when all was read changes nothing', async () => {
    const controller = new AbortController()
    const response = await answering({ body: 'abc' }).fetch(URL_A, { signal: controller.signal })
    expect(await response.text()).toBe('abc')
    controller.abort(reason)
    expect([...(await response.trailers)]).toEqual([])
  })

  test('no listener is left on the signal', async () => {
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...all: Parameters<typeof add>) => {
      listeners += 1
      add(...all)
    }
    signal.removeEventListener = (...all: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...all)
    }
    const cookies = { getCookieString: async () => 'a=1', setCookie: async () => {} }
    const origins = new Origins(
      (_request, url) =>
        url.pathname === '/' ? { status: 302, headers: { location: '/to' } } : { body: 'x' },
      { cookies },
    )
    const response = await origins.fetch(URL_A, { signal })
    expect(await response.text()).toBe('x')
    await settled()
    expect(listeners).toBe(0)
  })
})
