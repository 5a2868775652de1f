/**
 * Cancelled requests by the thousand, in every phase of a request: afterwards
 * both windows are where they began, to the octet, and memory is flat
 * (RFC 9113 §5.2, §8.7). `npm run soak` makes a million of them.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { HTTP20Connection, type HTTP20Stream, WindowManager } from '../../src/index.ts'
import { SoakServer } from './soak-server.ts'

const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 20_000)
const BATCH = 100
const WINDOW = 1_000_000
/** Octets by which the heap may differ between two collections of the same state. */
const HEAP_NOISE = 1_500_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

class OnConsumption extends WindowManager {
  override onDataConsumed(length: number): number {
    return length
  }
}

const body = new Uint8Array(300)

/** Ways of giving a request up, in turn. */
const WAYS: readonly ((conn: HTTP20Connection) => Promise<void> | void)[] = [
  // Before it was sent.
  (conn) => cancelled(conn.request('GET', '/unsent')),
  // When the head came.
  async (conn) => {
    const stream = conn.request('GET', '/head')
    await stream.response
    stream.cancel()
  },
  // With some of the body read.
  async (conn) => {
    const response = await conn.request('GET', '/body').response
    await response.read(10)
    response.cancel()
  },
  // Within an upload that would go on.
  async (conn) => {
    const stream = conn.request('POST', '/upload', { body: endless() })
    const response = await stream.response
    response.cancel()
  },
  // By a signal, at once after it was sent.
  async (conn) => {
    const abort = new AbortController()
    const stream = conn.request('POST', '/aborted', { body, signal: abort.signal })
    const failed = stream.response.catch(() => {})
    for (let i = 0; i < 12; i++) await undefined
    abort.abort(new Error('not wanted'))
    await failed
  },
]

function cancelled(stream: HTTP20Stream): Promise<void> {
  const failed = stream.response.then(
    () => {},
    () => {},
  )
  stream.cancel()
  return failed
}

async function* endless(): AsyncGenerator<Uint8Array> {
  yield body
  await new Promise(() => {})
}

function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

test(`${REQUESTS.toLocaleString('en')} cancelled requests leave the windows and the heap as they were`, async () => {
  const server = new SoakServer()
  const conn = new HTTP20Connection('a.test', {
    secure: false,
    transport: server.dial,
    windowManager: OnConsumption,
    limits: { connectionWindowSize: WINDOW },
  })
  let before = 0
  for (let made = 0; made < REQUESTS; made += BATCH) {
    const batch: (Promise<void> | void)[] = []
    for (let i = 0; i < BATCH; i++) batch.push(WAYS[(made + i) % WAYS.length]!(conn))
    await Promise.all(batch)
    await conn.ping()
    if (made === REQUESTS / 4) before = heap()
  }
  await conn.ping()
  expect(server.window, 'what the server may send').toBe(WINDOW)
  expect(conn.stats.recvWindow, 'and the client knows it').toBe(WINDOW)
  expect(conn.stats.sendWindow, 'what we may send').toBe(65_535)
  expect(conn.stats).toMatchObject({ streamsOpen: 0, streamsQueued: 0 })
  const growth = heap() - before
  expect(growth, 'octets of heap more than after a quarter').toBeLessThan(HEAP_NOISE)
  console.log(
    `${REQUESTS} requests, ${server.requests} sent; heap ${Math.round(growth / 1024)} KiB more than after a quarter`,
  )
  await conn.close()
}, 600_000)
