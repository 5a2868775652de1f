/**
 * The world of the pool's model: origins whose dials and servers do whatever a
 * sequence of commands says, in any order, under a clock of its own. Its one
 * rule: it judges by what it sees from the servers' side alone, and by what
 * callers are told.
 */
import { expect } from 'vitest'
import { Client, type ClientOptions, H2Error, type HTTP20Response } from '../../../src/index.ts'
import { type MemoryTransport, memoryPair } from '../../../src/transport/memory.ts'
import type { Dial, Transport } from '../../../src/transport/transport.ts'
import { FieldBlockDecoder } from '../../support/field-blocks.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import {
  ACK,
  concat,
  data,
  goaway,
  HEADERS,
  latin1,
  PING,
  ping,
  RST_STREAM,
  response,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  uint32At,
} from '../../support/wire.ts'

/** What comes of the dials of an origin. */
export const DIALS = [
  'h2',
  'h1',
  'waits',
  'refused',
  'reset',
  'name',
  'tls',
  'alpn',
  'proxy',
  'timeout',
  'dies',
  'drains',
  'wants h1',
] as const
export type DialKind = (typeof DIALS)[number]

/** Dials in a run that nothing can explain. */
const TOO_MANY = 1_000
const [PREFACE_SIZE, HEADER_SIZE] = [24, 9]
const [REFUSED_STREAM, HTTP_1_1_REQUIRED] = [7, 13]

/** A request, as its caller and the servers know it. */
export class Asked {
  readonly path: string
  readonly method: string
  readonly controller = new AbortController()
  /** Undefined until it is settled: a status, or what it rejected with. */
  outcome: unknown
  response: HTTP20Response | undefined
  /** Servers that answered it. */
  executed = 0

  constructor(path: string, method: string) {
    this.path = path
    this.method = method
  }
}

/** A dial that waits for its outcome. */
interface PendingDial {
  readonly decide: (kind: DialKind) => void
}

export class Origin {
  readonly url: string
  /** What comes of the next dial. */
  next: DialKind = 'h2'
  streams: number | undefined = 100
  /** Answers by itself whatever comes. */
  helpful = false
  readonly pending = new Set<PendingDial>()
  readonly servers: Server[] = []
  requests = 0
  dials = 0

  constructor(url: string) {
    this.url = url
  }

  get open(): Server[] {
    return this.servers.filter(({ closed }) => !closed)
  }
}

/** The far end of one connection. */
export class Server {
  readonly world: PoolWorld
  readonly origin: Origin
  readonly client: MemoryTransport
  readonly #end: MemoryTransport
  readonly #decoder = new FieldBlockDecoder()
  readonly http2: boolean
  /** Requests that are open on it: streams, or 0 on HTTP/1.1. */
  readonly open = new Map<number, Asked>()
  /** Those of them that have a response whose body goes on. */
  readonly responded = new Set<number>()
  #received: Uint8Array = new Uint8Array()
  #greeted = false
  #preface = false
  /** The client's SETTINGS came before ours left. */
  #settingsCame = false
  last = 0
  disclaimedAbove = Number.POSITIVE_INFINITY
  readonly #waiting: Uint8Array[] = []
  #writing = false

  constructor(
    world: PoolWorld,
    origin: Origin,
    http2: boolean,
    client: MemoryTransport,
    end: MemoryTransport,
  ) {
    this.world = world
    this.origin = origin
    this.http2 = http2
    this.client = client
    this.#end = end
    end.start({
      onChunk: (chunk) => this.#onChunk(chunk.slice()),
      onEnd: () => end.end(),
      onClosed: () => this.open.clear(),
    })
  }

  get closed(): boolean {
    return this.client.closed
  }

  send(...parts: Uint8Array[]): void {
    this.#waiting.push(concat(...parts))
    this.#write()
  }

  #write(): void {
    const next = this.#writing ? undefined : this.#waiting.shift()
    if (next === undefined) return
    this.#writing = true
    this.#end.write(next, () => {
      this.#writing = false
      this.#write()
    })
  }

  greet(): void {
    if (!this.http2) return
    const { streams } = this.origin
    this.#greeted = true
    this.send(
      settings(streams === undefined ? {} : { 3: streams }),
      ...(this.#settingsCame ? [settingsAck] : []),
    )
    this.#settingsCame = false
  }

  #onChunk(chunk: Uint8Array): void {
    this.#received = concat(this.#received, chunk)
    if (this.http2) this.#readFrames()
    else this.#readHead()
  }

  #readHead(): void {
    const text = Buffer.from(this.#received).toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (text.length < end + 4 + length) return
    this.#received = this.#received.subarray(end + 4 + length)
    this.#arrived(0, text.split(' ')[1]!)
  }

  #readFrames(): void {
    if (!this.#preface) {
      if (this.#received.length < PREFACE_SIZE) return
      this.#preface = true
      this.#received = this.#received.subarray(PREFACE_SIZE)
    }
    for (;;) {
      const bytes = this.#received
      if (bytes.length < HEADER_SIZE) return
      const length = (bytes[0]! << 16) | (bytes[1]! << 8) | bytes[2]!
      if (bytes.length < HEADER_SIZE + length) return
      this.#received = bytes.subarray(HEADER_SIZE + length)
      const payload = bytes.slice(HEADER_SIZE, HEADER_SIZE + length)
      this.#onFrame(bytes[3]!, bytes[4]!, uint32At(bytes, 5), payload)
    }
  }

  #onFrame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (type === HEADERS) {
      const { fields } = this.#decoder.decode(payload)
      this.last = Math.max(this.last, streamId)
      this.#arrived(streamId, fields.find(({ name }) => name === ':path')!.value)
    } else if (type === RST_STREAM) this.#over(streamId)
    else if (type === PING && (flags & ACK) === 0 && this.#greeted) this.send(ping(payload, true))
    else if (type === SETTINGS && (flags & ACK) === 0) {
      if (this.#greeted) this.send(settingsAck)
      else this.#settingsCame = true
    }
  }

  #arrived(streamId: number, path: string): void {
    const asked = this.world.asked.get(path)!
    if (streamId > this.disclaimedAbove) return
    this.open.set(streamId, asked)
    if (this.origin.helpful) this.answer(streamId, true)
  }

  #over(streamId: number): void {
    this.open.delete(streamId)
    this.responded.delete(streamId)
  }

  /** Answers; `whole` with all of the content. */
  answer(streamId: number, whole: boolean): void {
    const asked = this.open.get(streamId)
    if (asked === undefined || this.closed) return
    if (!this.responded.has(streamId)) asked.executed += 1
    if (this.http2) {
      this.greetFirst()
      const head = this.responded.has(streamId) ? [] : [response(streamId, 200)]
      this.send(...head, data(streamId, 'x', whole))
    } else if (!this.responded.has(streamId)) {
      this.send(latin1(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n${whole ? 'xx' : 'x'}`))
    } else if (whole) this.send(latin1('x'))
    if (whole) this.#over(streamId)
    else this.responded.add(streamId)
  }

  refuse(streamId: number, errorCode = REFUSED_STREAM): void {
    if (!this.http2 || this.responded.has(streamId)) return
    this.greetFirst()
    this.send(rstStream(streamId, errorCode))
    this.#over(streamId)
  }

  /** Says that it takes no more, but for so many of those that are open. */
  drain(taken: number, errorCode: number): void {
    if (!this.http2) return
    this.greetFirst()
    const ids = [...this.open.keys()].sort((a, b) => a - b)
    const last = Math.min(
      this.disclaimedAbove,
      ids[taken - 1] ?? (ids.length === 0 ? this.last : ids[0]! - 2),
    )
    this.disclaimedAbove = Math.max(0, last)
    for (const id of ids) if (id > last) this.#over(id)
    this.send(goaway(this.disclaimedAbove, errorCode))
  }

  greetFirst(): void {
    if (!this.#greeted) this.greet()
  }

  end(): void {
    this.#acted()
    this.#end.end()
  }

  /** Nobody is told what became of what is open: it may have been done. */
  #acted(): void {
    for (const [id, asked] of this.open) if (!this.responded.has(id)) asked.executed += 1
    this.open.clear()
  }

  lose(): void {
    this.#acted()
    this.client.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  }
}

function outOfTime(): H2Error {
  return new H2Error('connect failed: timed out', {
    code: 'H2_TIMEOUT_CONNECT',
    scope: 'transport',
    initiator: 'local',
    errorCode: 2,
    errorName: 'INTERNAL_ERROR',
    processed: 'no',
  })
}

const CODES: Partial<Record<DialKind, string>> = {
  refused: 'ECONNREFUSED',
  reset: 'ECONNRESET',
  name: 'ENOTFOUND',
  tls: 'CERT_HAS_EXPIRED',
  alpn: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  proxy: 'ERR_PROXY',
  timeout: 'H2_TIMEOUT_CONNECT',
}

export class PoolWorld {
  readonly clock = new VirtualClock()
  readonly client: Client
  readonly origins: readonly Origin[]
  readonly asked = new Map<string, Asked>()
  readonly limits: { readonly perOrigin: number; readonly all: number }
  /** How often servers may act on a request that is idempotent. */
  readonly mostRepeated: number
  /** Written by `dial`: why the run cannot go on. */
  storm: string | undefined
  closed = false

  constructor(limits: { readonly perOrigin: number; readonly all: number }, options: ClientOptions = {}) {
    this.limits = limits
    const { idempotent = false } = options.retry === false ? {} : (options.retry ?? {})
    this.mostRepeated = idempotent ? 4 : 2
    this.origins = ['https://a.test', 'https://b.test', 'http://c.test'].map((url) => new Origin(url))
    this.client = new Client({
      clock: this.clock,
      transport: this.#dial,
      maxConnectionsPerOrigin: limits.perOrigin,
      maxConnections: limits.all,
      ...options,
    })
  }

  readonly #dial: Dial = (target, options, signal) => {
    const origin = this.origins.find(({ url }) => url === `http${target.secure ? 's' : ''}://${target.host}`)!
    origin.dials += 1
    if (origin.dials > TOO_MANY) {
      this.storm ??= `${origin.url} was dialled more than ${TOO_MANY} times`
      return new Promise(() => {})
    }
    return new Promise<Transport>((resolve, reject) => {
      const decide = (kind: DialKind): void => {
        if (kind === 'waits') return
        origin.pending.delete(pending)
        if (CODES[kind] !== undefined) {
          reject(kind === 'timeout' ? outOfTime() : Object.assign(new Error(kind), { code: CODES[kind] }))
          return
        }
        const { alpn } = options
        const offered = kind !== 'h1' && alpn!.includes('h2') ? 'h2' : 'http/1.1'
        resolve(this.#serve(origin, kind, target.secure ? offered : undefined))
      }
      const pending: PendingDial = { decide }
      origin.pending.add(pending)
      signal?.addEventListener('abort', () => {
        origin.pending.delete(pending)
        reject(signal.reason)
      })
      decide(origin.next)
    })
  }

  #serve(origin: Origin, kind: DialKind, alpn: string | undefined): Transport {
    const [client, end] = memoryPair({ alpn })
    const server = new Server(this, origin, alpn === 'h2', client, end)
    origin.servers.push(server)
    if (kind === 'dies') server.lose()
    else if (kind === 'drains') server.drain(0, 0)
    else if (kind === 'wants h1') server.drain(0, HTTP_1_1_REQUIRED)
    else if (origin.streams !== undefined) server.greet()
    return client
  }

  // — what callers do —

  request(origin: Origin, method: string): void {
    const asked = new Asked(`/${this.asked.size}`, method)
    this.asked.set(asked.path, asked)
    origin.requests += 1
    const body = method === 'POST' ? { body: 'x' } : {}
    const { signal } = asked.controller
    this.client.request(`${origin.url}${asked.path}`, { method, signal, ...body }).then(
      (answer) => {
        asked.outcome = answer.status
        asked.response = answer
      },
      (error: unknown) => {
        asked.outcome = error ?? 'nothing'
      },
    )
  }

  /** Reads or cancels the body of a response that was not yet. */
  finish(asked: Asked, read: boolean): void {
    const { response: answer } = asked
    asked.response = undefined
    if (answer === undefined) return
    if (read) answer.bytes().catch(() => {})
    else answer.cancel()
  }

  async elapse(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await settled()
  }

  // — what must be true —

  /** Connections and dials that hold a socket. */
  held(origin: Origin): number {
    return origin.open.length + origin.pending.size
  }

  check(): void {
    expect(this.storm).toBe(undefined)
    const held = this.origins.map((origin) => this.held(origin))
    const sum = held.reduce((a, b) => a + b)
    expect(sum, 'connections of all origins').toBeLessThanOrEqual(this.limits.all)
    for (const [i, { url }] of this.origins.entries()) {
      const { perOrigin } = this.limits
      expect(this.origins[i]!.open.length, `connections of ${url}`).toBeLessThanOrEqual(perOrigin + 1)
      // Dials that take long have others beside them.
      expect(held[i]!, `connections and dials of ${url}`).toBeLessThanOrEqual(perOrigin + 3)
    }
    expect(this.client.stats().connections, 'connections that the client counts').toBe(sum)
    this.#checkPlaces()
    for (const origin of this.origins) this.#checkDials(origin)
  }

  /** Each request costs a few dials, and each connection that ended one. */
  #checkDials({ url, dials, requests, servers }: Origin): void {
    const bound =
      6 * requests +
      2 * servers.filter(({ closed, disclaimedAbove }) => closed || disclaimedAbove < 2 ** 31).length +
      4
    expect(dials, `dials of ${url} for ${requests} requests`).toBeLessThanOrEqual(bound)
  }

  /** No request is open at two servers, and no POST was executed twice. */
  #checkPlaces(): void {
    const seen = new Set<Asked>()
    for (const { open } of this.origins.flatMap((origin) => origin.open)) {
      for (const asked of open.values()) {
        expect(seen.has(asked), `${asked.method} ${asked.path} is in two places`).toBe(false)
        seen.add(asked)
      }
    }
    for (const { method, path, executed } of this.asked.values()) {
      expect(executed, `${method} ${path} executed`).toBeLessThanOrEqual(
        method === 'POST' ? 1 : this.mostRepeated,
      )
    }
  }

  /** The servers do their work from now on: everything settles, and nothing is left. */
  async end(): Promise<void> {
    for (const origin of this.origins) {
      origin.next = 'h2'
      origin.streams = 100
      origin.helpful = true
      for (const { decide } of [...origin.pending]) decide('h2')
    }
    for (let i = 0; i < 3; i++) {
      await this.#serveAll()
      await this.elapse(10_000)
    }
    await this.elapse(120_000)
    await this.#serveAll()
    await this.elapse(1_000)
    const unsettled = [...this.asked.values()].filter(({ outcome }) => outcome === undefined)
    expect(
      unsettled.map(({ method, path }) => `${method} ${path}`),
      'requests that did not settle',
    ).toEqual([])
    for (const asked of this.asked.values()) this.finish(asked, false)
    let isClosed = false
    void this.client.close().then(() => {
      isClosed = true
    })
    await this.elapse(10_000)
    expect(isClosed, 'closed').toBe(true)
    expect(this.client.stats()).toEqual({ connections: 0, waiting: 0, open: 0, origins: [] })
    expect(this.clock.pending, 'timers').toBe(0)
    for (const origin of this.origins) expect(this.held(origin), `sockets of ${origin.url}`).toBe(0)
  }

  async #serveAll(): Promise<void> {
    for (const server of this.origins.flatMap(({ open }) => open)) {
      server.greetFirst()
      for (const id of [...server.open.keys()]) server.answer(id, true)
    }
    await settled()
    await settled()
    for (const asked of this.asked.values()) this.finish(asked, true)
  }
}
