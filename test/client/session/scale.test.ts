/**
 * Many requests, many origins, and for long: how many connections there are,
 * and that nothing is kept of what is over. `npm run soak` makes a million
 * requests where the suite makes 20,000.
 */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Client } from '../../../src/index.ts'
import { MemoryOrigin, VirtualClock } from '../../../src/testing/index.ts'

const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 20_000)
/** Octets by which the heap may differ between two collections of the same state. */
const HEAP_NOISE = 1_500_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

async function heap(): Promise<number> {
  // What waits for a later turn goes first.
  for (let i = 0; i < 3; i++) await setImmediate()
  collect()
  return process.memoryUsage().heapUsed
}

/** Origins in memory, one handler for all, and how many connections there are at a time. */
class Internet {
  readonly origin = new MemoryOrigin(() => ({ body: 'ok' }))
  open = 0
  most = 0

  readonly dial: typeof this.origin.dial = async (...given) => {
    const transport = await this.origin.dial(...given)
    this.open += 1
    this.most = Math.max(this.most, this.open)
    return {
      ...transport,
      start: (handler) =>
        transport.start({
          onChunk: (chunk) => handler.onChunk(chunk),
          onEnd: () => handler.onEnd(),
          onClosed: (error) => {
            this.open -= 1
            handler.onClosed(error)
          },
        }),
    }
  }

  /** Its books, which nobody reads. */
  forget(): void {
    this.origin.requests.length = 0
  }
}

async function get(client: Client, url: string): Promise<void> {
  const response = await client.request(url)
  if (response.status !== 200 || (await response.text()) !== 'ok')
    throw new Error(`${url}: ${response.status}`)
}

test('10,000 requests at once to 50 origins: all are answered over 50 connections', async () => {
  const internet = new Internet()
  const client = new Client({ transport: internet.dial })
  await Promise.all(Array.from({ length: 10_000 }, (_, i) => get(client, `https://${i % 50}.test/${i}`)))
  expect(internet.origin.connectionsMade).toBe(50)
  expect(internet.origin.requests).toHaveLength(10_000)
  expect(client.stats()).toMatchObject({ connections: 50, waiting: 0, open: 0 })
  await client.close()
  expect(internet.open).toBe(0)
})

test('10,000 origins in turn over at most 100 connections: nothing is kept of those that went', async () => {
  const internet = new Internet()
  const clock = new VirtualClock()
  const client = new Client({ transport: internet.dial, clock, maxConnections: 100 })
  let before = 0
  for (let i = 0; i < 10_000; i++) {
    await get(client, `https://${i}.test/`)
    // What is remembered of origins is full after a thousand.
    if (i !== 2_500) continue
    internet.forget()
    before = await heap()
  }
  expect(internet.most).toBe(100)
  internet.forget()
  expect((await heap()) - before, 'octets of heap more than after a quarter').toBeLessThan(HEAP_NOISE)
  expect(client.stats().origins.length).toBeLessThanOrEqual(101)
  await client.close()
  expect([internet.open, clock.pending]).toEqual([0, 0])
}, 60_000)

test(`${REQUESTS.toLocaleString('en')} requests on one client: memory is flat`, async () => {
  const internet = new Internet()
  const client = new Client({ transport: internet.dial })
  let before = 0
  for (let made = 0; made < REQUESTS; made += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => get(client, `https://${i % 5}.test/${made}`)))
    internet.forget()
    if (made === REQUESTS / 4) before = await heap()
  }
  const growth = (await heap()) - before
  expect(growth, 'octets of heap more than after a quarter').toBeLessThan(HEAP_NOISE)
  expect(internet.origin.connectionsMade).toBe(5)
  await client.close()
  console.log(`${REQUESTS} requests; heap ${Math.round(growth / 1024)} KiB more than after a quarter`)
}, 600_000)
