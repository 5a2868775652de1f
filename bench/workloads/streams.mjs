/** Memory of open streams on one connection. */
import { setTimeout as wait } from 'node:timers/promises'
import { check } from '../check.mjs'
import { collectGarbage, resident, usedHeap } from '../meter.mjs'

const BEFORE = 200
const SETTLE_MS = 300
const WITHIN_MS = 30_000

export const workload = {
  title: 'Open streams',
  how: `So many requests on one connection, beyond the first ${BEFORE}, that the server has received and does not answer; garbage is collected before and after, and the growth divided by their number.`,
  server: 'origin',
  figures: [
    { key: 'residentEach', label: 'RSS per stream', unit: 'B', better: 'less' },
    { key: 'heapEach', label: 'heap per stream', unit: 'B', better: 'less' },
  ],
  cases: ({ short }) => {
    const streams = short ? 2000 : 10_000
    return [{ id: `${streams}`, label: `${streams} streams`, params: { streams } }]
  },
}

export async function run(open, { url, params }) {
  const client = await open(url, { streams: params.streams })
  const waiting = []
  const add = async (count) => {
    for (let i = 0; i < count; i++) waiting.push(client.get('/hold'))
    const deadline = performance.now() + WITHIN_MS
    for (let held = 0; held < waiting.length; await wait(20)) {
      const { body } = await client.get('/held')
      held = Number(new TextDecoder().decode(body))
      check(performance.now() < deadline, `${held} requests open in place of ${waiting.length}`)
    }
  }
  await client.get('/held')
  await add(BEFORE)
  const before = await memory()
  await add(params.streams)
  const after = await memory()
  return {
    residentEach: (after.resident - before.resident) / params.streams,
    heapEach: (after.heap - before.heap) / params.streams,
  }
}

async function memory() {
  await wait(SETTLE_MS)
  collectGarbage()
  await wait(SETTLE_MS)
  return { resident: resident(), heap: usedHeap() }
}
