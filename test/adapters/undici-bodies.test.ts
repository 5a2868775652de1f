/** Request bodies that misbehave, as users of undici write them by mistake. */
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { MemoryOrigin } from '../../src/testing/index.ts'
import { settled } from '../support/virtual-clock.ts'
import { GENERATIONS, Recorder } from './recorder.ts'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
process.on('unhandledRejection', note)
process.on('uncaughtException', note)

afterEach(() => {
  expect(unhandled.splice(0)).toEqual([])
})

/** What handlers of both generations are told of a POST with such a body. */
async function toldOf(make: () => unknown, headers: Record<string, string> = {}) {
  const all: Recorder[] = []
  for (const generation of GENERATIONS) {
    const origin = new MemoryOrigin(async (request) => ({ body: await request.text() }))
    const dispatcher = new HyperDispatcher({ transport: origin.dial, keepAlive: false })
    const told = new Recorder(generation)
    dispatcher.dispatch(
      { origin: 'https://a.test', path: '/', method: 'POST', body: make(), headers },
      told.handler,
    )
    await told.over
    await settled()
    expect(dispatcher.stats).toMatchObject({ open: 0, waiting: 0 })
    await dispatcher.destroy()
    all.push(told)
  }
  return all
}

/** An async iterable whose iterator is this. */
function source(iterator: unknown): unknown {
  return { [Symbol.asyncIterator]: () => iterator }
}

async function* throwing(thrown: unknown): AsyncGenerator<string> {
  yield 'a'
  throw thrown
}

describe('what a body throws is an error, whatever it is', () => {
  test.each<[string, unknown, Record<string, string>]>([
    ['nothing', undefined, {}],
    ['null', null, {}],
    ['nothing, from a body that is collected', undefined, { 'content-length': '3' }],
    ['null, from a body that is collected', null, { 'content-length': '3' }],
  ])('%s', async (_, thrown, headers) => {
    for (const told of await toldOf(() => throwing(thrown), headers)) {
      expect(told.calls).toEqual(['start', 'error'])
      expect(told.error).toMatchObject({ code: 'UND_ERR_ABORTED', name: 'AbortError' })
    }
  })
})

describe('a collected body cannot keep its request from ending', () => {
  const error = new Error('mine')
  test.each<[string, () => unknown]>([
    ['without an iterator', () => source(null)],
    ['with an iterator that has no next', () => source({})],
    [
      'with a return that throws',
      () =>
        source({
          next: () => Promise.reject(error),
          return() {
            throw new Error('again')
          },
        }),
    ],
    [
      'with a return that rejects',
      () => source({ next: () => Promise.reject(error), return: () => Promise.reject(new Error('again')) }),
    ],
    ['with a return that gives nothing', () => source({ next: () => Promise.reject(error), return() {} })],
  ])('%s', async (_, make) => {
    for (const told of await toldOf(make, { 'content-length': '3' })) {
      expect(told.calls).toEqual(['start', 'error'])
    }
  })

  test('is let go of when it gives too much, or what is no content', async () => {
    for (const given of ['abcd', 7]) {
      let returned = 0
      const make = () =>
        source({
          next: () => Promise.resolve({ done: false, value: given }),
          return: () => {
            returned += 1
            return Promise.resolve({ done: true, value: undefined })
          },
        })
      await toldOf(make, { 'content-length': '3' })
      expect(returned).toBe(GENERATIONS.length)
    }
  })
})

describe('a stream', () => {
  test('that is destroyed before its end aborts the request', async () => {
    const make = (): Readable => {
      const body = new Readable({ read() {} })
      setImmediate(() => body.destroy())
      return body
    }
    for (const told of await toldOf(make)) expect(told.error.code).toBe('UND_ERR_ABORTED')
  })

  test('that does not destroy itself is destroyed at its end', async () => {
    const bodies: Readable[] = []
    const make = (): Readable => {
      const body = new Readable({
        autoDestroy: false,
        read() {
          this.push('a')
          this.push(null)
        },
      })
      bodies.push(body)
      return body
    }
    for (const told of await toldOf(make)) expect(told.text).toBe('a')
    expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  test('whose destroy throws still ends its request', async () => {
    const make = (): Readable => {
      const body = new Readable({ read() {} })
      body.destroy = () => {
        throw new Error('never')
      }
      setImmediate(() => body.emit('error', new Error('mine')))
      return body
    }
    for (const told of await toldOf(make)) expect(told.error.message).toBe('mine')
  })
})

test('a Blob is told of in pieces to who watches, and keeps its facts', async () => {
  const origin = new MemoryOrigin(async (request) => ({
    headers: {
      'x-length': request.headers.get('content-length') ?? '',
      'x-type': request.headers.get('content-type') ?? '',
    },
    body: await request.text(),
  }))
  const dispatcher = new HyperDispatcher({ transport: origin.dial })
  const told = new Recorder('new')
  const sent: string[] = []
  const handler = {
    ...told.handler,
    onBodySent: (chunk: unknown) => void sent.push(Buffer.from(chunk as Uint8Array).toString()),
    onRequestSent: () => void sent.push('all'),
  }
  const body = new Blob(['abc'], { type: 'a/b' })
  dispatcher.dispatch({ origin: 'https://a.test', path: '/', method: 'POST', body }, handler)
  await told.over
  expect(told.text).toBe('abc')
  expect(sent).toEqual(['abc', 'all'])
  expect(told.heads[0]!.fields).toEqual(
    expect.arrayContaining([
      ['x-length', '3'],
      ['x-type', 'a/b'],
    ]),
  )
  await dispatcher.close()
})
