/**
 * A server that takes so many requests on each connection and then says GOAWAY,
 * as nginx does with `keepalive_requests`. Its one rule: what the server did not
 * take is sent again for as long as it takes some, and nothing is done twice.
 */
import { deepEqual, equal } from 'node:assert/strict'
import { SMALL } from '../demo/origin.mjs'
import { Client, HTTP20Connection } from '../dist/index.js'
import { countingOrigin } from './restarts.mjs'

const PER_CONNECTION = [1, 10, 100]
const AT_A_TIME = [20, 200, 1_000]
const METHODS = ['GET', 'POST']

/** Requests on one `HTTP20Connection`; nginx announces 128 streams, the others wait for theirs. */
const WAITING = 300

/**
 * Sends every number of requests, by either method, to a server that drains
 * after every number of them. Resolves with what there is to tell; rejects if a
 * request failed or was executed twice.
 *
 * @param {import('./servers.mjs').Server} server
 */
export async function runDrains(server, world) {
  const origin = await countingOrigin()
  const told = []
  try {
    for (const requests of PER_CONNECTION) {
      const { port, stop } = await server.start({ ...world, backend: origin.port, requests })
      try {
        for (const method of METHODS) {
          for (const count of AT_A_TIME)
            await drained(`https://localhost:${port}`, world, { method, count, requests })
        }
        if (requests > 1) await waiting(port, world, requests)
      } finally {
        await stop()
      }
      told.push(`${requests} a connection`)
    }
    deepEqual(origin.repeated(), [], 'requests that were executed twice')
    return told.join(', ')
  } finally {
    await origin.close()
  }
}

async function drained(base, world, { method, count, requests }) {
  const client = new Client({ tls: { ca: world.certificate.cert } })
  try {
    const one = async (_, i) => {
      const body = method === 'POST' ? `${i}` : undefined
      const url = `${base}/upload?${method}-${requests}-${count}-${i}`
      const response = await client.request(url, { method, body })
      equal(await response.text(), SMALL)
    }
    await Promise.all(Array.from({ length: count }, one))
  } finally {
    client.destroy()
  }
}

/** What the server did not take of those it was given fails, and is told truly; what waited goes to the next connection. */
async function waiting(port, world, requests) {
  const conn = new HTTP20Connection(`localhost:${port}`, { tls: { ca: world.certificate.cert } })
  try {
    const one = async (_, i) => {
      const response = await conn.getResponse(
        conn.request('POST', `/upload?waiting-${requests}-${i}`, { body: 'x' }),
      )
      equal(await response.text(), SMALL)
    }
    const results = await Promise.allSettled(Array.from({ length: WAITING }, one))
    const failed = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason)
    const untrue = failed.filter((error) => error.code !== 'H2_GOAWAY' || error.streamId === undefined)
    deepEqual(untrue, [], 'requests that never left, or may have been executed')
  } finally {
    conn.destroy()
  }
}
