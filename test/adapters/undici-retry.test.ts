/**
 * Handlers that retry by themselves, as undici's RetryAgent does, and for how long
 * a server may be silent while and after a body is sent.
 */
import { expect, test } from 'vitest'
import {
  type DispatchController,
  type DispatchOptions,
  HyperDispatcher,
  type NewHandler,
} from '../../src/adapters/undici.ts'
import { MemoryOrigin } from '../../src/testing/index.ts'
import { settled, VirtualClock } from '../support/virtual-clock.ts'
import { GENERATIONS, Recorder } from './recorder.ts'

const OPTIONS = { origin: 'https://a.test', path: '/', method: 'GET' } as const

/** Pauses at a status that it wants to retry, decides a turn later, reads the response, and dispatches itself again. */
class Retrying implements NewHandler {
  readonly statuses: number[] = []
  text = ''
  readonly over: Promise<void>
  readonly #dispatcher: HyperDispatcher
  #again = false
  #left: number
  #done!: () => void
  #failed!: (error: unknown) => void

  constructor(dispatcher: HyperDispatcher, retries: number) {
    this.#dispatcher = dispatcher
    this.#left = retries
    this.over = new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
    })
  }

  onRequestStart(): void {}

  onResponseStart(controller: DispatchController, status: number): void {
    this.statuses.push(status)
    if (status < 500) return
    controller.pause()
    setImmediate(() => {
      this.#again = this.#left > 0
      this.#left -= 1
      controller.resume()
    })
  }

  onResponseData(_controller: DispatchController, chunk: Buffer): void {
    if (!this.#again) this.text += chunk.toString()
  }

  onResponseEnd(): void {
    if (!this.#again) {
      this.#done()
      return
    }
    this.#again = false
    this.#dispatcher.dispatch(OPTIONS as DispatchOptions, this)
  }

  onResponseError(_controller: DispatchController | null, error: unknown): void {
    this.#failed(error)
  }
}

test.each([
  ['goes on until an answer is good', 2, [503, 503, 200], 'good'],
  ['takes the last answer when it has tried enough', 1, [503, 503], 'bad'],
])(
  'a handler that dispatches itself again at the end of a response %s',
  async (_what, retries, statuses, text) => {
    let asked = 0
    const origin = new MemoryOrigin(() => {
      asked += 1
      return asked < 3 ? { status: 503, body: 'bad' } : { status: 200, body: 'good' }
    })
    await using dispatcher = new HyperDispatcher({ transport: origin.dial })
    const handler = new Retrying(dispatcher, retries)
    dispatcher.dispatch(OPTIONS as DispatchOptions, handler)
    await handler.over
    expect(handler.statuses).toEqual(statuses)
    expect(handler.text).toBe(text)
  },
)

test.each(GENERATIONS)('headersTimeout counts from the end of the body on (%s)', async (generation) => {
  const clock = new VirtualClock()
  const origin = new MemoryOrigin(async (request) => {
    await request.text()
    return new Promise(() => {})
  })
  const dispatcher = new HyperDispatcher({ transport: origin.dial, clock, keepAlive: false })
  const told = new Recorder(generation)
  let go = (): void => {}
  const pieces = (async function* () {
    for (let i = 0; i < 3; i++) {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      yield Buffer.from('x')
    }
  })()
  dispatcher.dispatch({ ...OPTIONS, method: 'POST', body: pieces, headersTimeout: 100 }, told.handler)
  for (let i = 0; i < 3; i++) {
    await settled()
    await clock.advance(1_000)
    go()
    await settled()
  }
  await clock.advance(99)
  expect(told.errors).toEqual([])
  await clock.advance(1)
  expect(told.error.code).toBe('UND_ERR_HEADERS_TIMEOUT')
  dispatcher.destroy()
})
