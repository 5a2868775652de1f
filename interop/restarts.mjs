/**
 * Servers that restart under load: what a `Client` makes of it. Its one rule: a
 * request that could be saved is saved, and a failure says whether the server
 * may have acted on it.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { SMALL } from '../demo/origin.mjs'
import { Client, H2Error } from '../dist/index.js'

const CONCURRENCY = 8
const ROUNDS = 4
const BETWEEN_MS = 400

/**
 * @typedef {object} Restart
 * @property {string} server   whose it is, by name
 * @property {string} what     for the table
 * @property {boolean} drains  connections that it has are finished
 * @property {(serving: Started, again: (replaces?: number) => Promise<Started>) => Promise<Started>} round
 *   restarts, and gives what serves from then on
 *
 * @typedef {import('./servers.mjs').Started} Started
 *
 * @type {Restart[]}
 */
export const restarts = [
  { server: 'nginx', what: 'reload (SIGHUP)', drains: true, round: told('SIGHUP') },
  {
    server: 'HAProxy',
    what: 'a new process takes over (SIGUSR1 to the old)',
    drains: true,
    round: takenOver,
  },
  // Some of its connections end within the drain, with GOAWAY that claims every request.
  { server: 'Apache httpd', what: 'graceful restart (SIGUSR1)', drains: false, round: told('SIGUSR1') },
  { server: 'nghttpd', what: 'killed (SIGKILL) and started again', drains: false, round: killed },
  { server: 'Caddy', what: 'reload by its API', drains: true, round: loaded },
  { server: 'lighttpd', what: 'graceful restart (SIGUSR1)', drains: false, round: told('SIGUSR1') },
  // Its workers end with the reload after their own, whatever is open on them.
  { server: 'Varnish behind Hitch', what: 'reload of Hitch (SIGHUP)', drains: false, round: told('SIGHUP') },
  // Nobody listens for a moment: dials are tried again.
  { server: 'Go net/http', what: 'shut down in order, then started again', drains: true, round: ended },
]

/** Caddy takes its configuration again, changed or not. */
async function loaded(serving) {
  const response = await fetch(`http://127.0.0.1:${serving.admin}/load`, {
    method: 'POST',
    headers: { 'content-type': 'text/caddyfile', 'cache-control': 'must-revalidate' },
    body: serving.config,
  })
  equal(response.status, 200, 'Caddy did not reload')
  return serving
}

/** Nobody listens until the next one does. */
async function ended(old, again) {
  old.signal('SIGTERM')
  await old.exited
  return again()
}

/** The process goes on, with other workers. */
function told(signal) {
  return async (serving) => {
    serving.signal(signal)
    return serving
  }
}

/** The new one tells the old to finish what it has (SIGUSR1), once it listens itself. */
async function takenOver({ pid, exited }, again) {
  const next = await again(pid)
  // Both take connections until then.
  await Promise.race([exited, wait(BETWEEN_MS)])
  return next
}

async function killed(old, again) {
  old.signal('SIGKILL')
  await old.exited
  return again()
}

/** Restarts a server under load. Resolves with what there is to tell; rejects if a request was lost. */
export async function runRestart({ drains, round }, server, world) {
  const origin = await countingOrigin()
  const place = { ...world, backend: origin.port }
  const started = [await server.start(place)]
  const { port } = started[0]
  const client = new Client({ tls: { ca: world.certificate.cert }, timeouts: { headers: 10_000 } })
  const load = new Load(client, `https://localhost:${port}`, server.echoesUploads)
  try {
    for (let i = 0; i < ROUNDS; i++) {
      await wait(BETWEEN_MS)
      const next = await round(started.at(-1), (replaces) => server.start({ ...place, replaces }, port))
      if (next !== started.at(-1)) started.push(next)
    }
    await wait(BETWEEN_MS)
    await load.stop()
    load.check(drains)
    deepEqual(origin.repeated(), [], 'POSTs that were executed twice')
    return load.told
  } finally {
    client.destroy()
    for (const { stop } of started) await stop()
    await origin.close()
  }
}

/** Requests without a pause, and how they went. */
class Load {
  answered = 0
  /** @type {unknown[]} */
  failures = []
  #stopped = false
  #sent = 0
  #loops

  constructor(client, base, echoes) {
    this.#loops = Array.from({ length: CONCURRENCY }, async (_, i) => {
      while (!this.#stopped) {
        try {
          if (i % 4 === 3) await this.#post(client, base, echoes)
          else await this.#get(client, base)
          this.answered += 1
        } catch (error) {
          this.failures.push(error)
          await wait(5)
        }
      }
    })
  }

  async #get(client, base) {
    const response = await client.request(`${base}/small.txt`)
    equal(response.status, 200)
    equal(await response.text(), SMALL)
  }

  async #post(client, base, echoes) {
    const body = `${this.#sent++}`
    const response = await client.request(`${base}/upload?${body}`, { method: 'POST', body })
    equal(response.status, 200)
    const text = await response.text()
    if (echoes) equal(text, body)
  }

  async stop() {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  get told() {
    return `${this.answered} answered, ${this.failures.length} failed`
  }

  check(drains) {
    ok(this.answered > 500, `${this.told}: too few to say anything`)
    const lost = drains ? this.failures : this.failures.filter((error) => !toldTruly(error))
    if (lost.length > 0) throw new AggregateError(lost, `${this.told}: ${lost.slice(0, 3).join('; ')}`)
  }
}

/** The server may have acted on it, or there was none. */
function toldTruly(error) {
  return error instanceof H2Error && (error.processed !== 'no' || error.code === 'H2_CONNECT')
}

/** An origin behind the server that counts what it is asked for. */
export async function countingOrigin() {
  const counts = new Map()
  const server = createServer((request, response) => {
    // What has a query is sent once.
    if (request.url.includes('?')) counts.set(request.url, (counts.get(request.url) ?? 0) + 1)
    request.resume().once('end', () => response.end(SMALL))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: server.address().port,
    repeated: () => [...counts].filter(([, count]) => count > 1),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
