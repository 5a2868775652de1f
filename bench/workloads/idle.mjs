/** Memory of idle connections. */
import { setTimeout as wait } from 'node:timers/promises'
import { checkBody } from '../check.mjs'
import { collectGarbage, resident, usedHeap } from '../meter.mjs'

const BEFORE = 20
const AT_ONCE = 25
const SETTLE_MS = 300

export const workload = {
  title: 'Idle connections',
  how: `So many TLS connections, each of which has had one small response, beyond the first ${BEFORE}; garbage is collected before and after, and the growth divided by their number.`,
  server: 'static',
  figures: [
    { key: 'residentEach', label: 'RSS per connection', unit: 'B', better: 'less' },
    { key: 'heapEach', label: 'heap per connection', unit: 'B', better: 'less' },
  ],
  cases: ({ short }) => {
    const connections = short ? 150 : 1000
    return [{ id: `${connections}`, label: `${connections} connections`, params: { connections } }]
  },
}

export async function run(open, { url, params }) {
  const kept = []
  const connect = async () => {
    const client = await open(url)
    kept.push(client)
    if (client.connect !== undefined) await client.connect()
    else checkBody(await client.get('/small'), 100)
  }
  for (let i = 0; i < BEFORE; i++) await connect()
  const before = await memory()
  for (let i = 0; i < params.connections; i += AT_ONCE) {
    const batch = []
    for (let j = i; j < Math.min(i + AT_ONCE, params.connections); j++) batch.push(connect())
    await Promise.all(batch)
  }
  const after = await memory()
  return {
    residentEach: (after.resident - before.resident) / params.connections,
    heapEach: (after.heap - before.heap) / params.connections,
  }
}

async function memory() {
  await wait(SETTLE_MS)
  collectGarbage()
  await wait(SETTLE_MS)
  return { resident: resident(), heap: usedHeap() }
}
