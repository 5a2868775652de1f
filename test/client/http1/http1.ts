/**
 * What tests of HTTP/1.1 share: servers on loopback, a session to them, and
 * requests on it as a caller would make them.
 */
import net from 'node:net'
import { Http1Session } from '../../../src/client/http1/http1-session.ts'
import { Reporter } from '../../../src/client/observe/reporter.ts'
import { HeadDefaults } from '../../../src/client/request/request-head.ts'
import {
  type HTTP20RequestInit,
  type PlannedRequest,
  planRequest,
} from '../../../src/client/request/request-init.ts'
import type { HTTP20Response } from '../../../src/client/response/http20-response.ts'
import { Exchange } from '../../../src/client/session/exchange.ts'
import type { Session, SessionOwner } from '../../../src/client/session/session.ts'
import { checkOptions, type HTTP20ConnectionOptions } from '../../../src/client/settings/options.ts'
import { parseTarget } from '../../../src/client/settings/target.ts'
import { H2Error } from '../../../src/errors.ts'
import type { MemoryTransport } from '../../../src/transport/memory.ts'
import type { Transport } from '../../../src/transport/transport.ts'
import { settled } from '../../support/virtual-clock.ts'

/** A session, and what it told its owner. */
export class Carrier implements SessionOwner {
  readonly target
  readonly settings
  readonly observer
  readonly tlsSessions = { session: undefined }
  closing = false
  readonly told: string[] = []
  readonly lines: string[] = []
  readonly #defaults: HeadDefaults
  session!: Http1Session
  /** Set by `against`. */
  server!: RawServer

  constructor(target: string, options: HTTP20ConnectionOptions = {}) {
    const line = (text: string): void => {
      this.lines.push(text)
    }
    this.target = parseTarget(target, undefined)
    this.settings = checkOptions({ logger: { info: line, warn: line, debug: line }, ...options })
    this.observer = new Reporter(this.target.origin, this.settings.logger)
    this.#defaults = new HeadDefaults(this.target, this.settings.decoding !== undefined)
  }

  isClosing(): boolean {
    return this.closing
  }

  /** Dials, and speaks HTTP/1.1. */
  static async dial(target: string, options: HTTP20ConnectionOptions = {}): Promise<Carrier> {
    const carrier = new Carrier(target, options)
    const limits = { connectTimeoutMs: 10_000, tlsTimeoutMs: 10_000 }
    const { settings } = carrier
    const dialOptions = { ...limits, tls: settings.tls, alpn: ['h2', 'http/1.1'] }
    return carrier.over(await settings.transport(carrier.target, dialOptions))
  }

  async over(transport: Transport): Promise<Carrier> {
    this.session = new Http1Session(this, transport)
    return this
  }

  plan(method: string, path: string, init?: HTTP20RequestInit): PlannedRequest {
    return planRequest(this.#defaults, this.settings.timeouts, this.settings.decoding, method, path, init)
  }

  /** Begins a request. */
  carry(method: string, path: string, init?: HTTP20RequestInit): Exchange {
    const planned = this.plan(method, path, init)
    const exchange = new Exchange(planned.plan)
    this.session.carry(exchange, planned)
    return exchange
  }

  request(method: string, path: string, init?: HTTP20RequestInit): Promise<HTTP20Response> {
    return this.carry(method, path, init).response()
  }

  sessionDraining(session: Session): void {
    this.told.push(session.state)
  }

  sessionClosed(session: Session): void {
    this.told.push(`closed ${session.state}`)
  }

  /** Resolves at the end of a turn in which the session is as asked. */
  readonly #waiting: { is: () => boolean; resolve: () => void }[] = []

  when(is: () => boolean): Promise<void> {
    if (is()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ is, resolve })
    })
  }

  /** Resolves once the next request can be carried. */
  free(): Promise<void> {
    return this.when(() => this.session.freeStreams === 1)
  }

  sessionTurned(): void {
    for (const each of this.#waiting.splice(0)) {
      if (each.is()) each.resolve()
      else this.#waiting.push(each)
    }
  }

  pushed(): undefined {}
}

/** Called for each request whose head arrived in whole. */
export type Script = (socket: net.Socket, head: string, count: number) => void

/** A server of plain bytes on loopback that counts its sockets. */
export class RawServer {
  readonly sockets = new Set<net.Socket>()
  /** All that clients sent. */
  received = ''
  opened = 0
  readonly #server: net.Server

  constructor(script: Script) {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      let head = ''
      let count = 0
      this.opened += 1
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('end', () => socket.end())
      socket.on('data', (chunk) => {
        this.received += chunk.toString('latin1')
        head += chunk.toString('latin1')
        for (let end = head.indexOf('\r\n\r\n'); end !== -1; end = head.indexOf('\r\n\r\n')) {
          script(socket, head.slice(0, end + 4), count++)
          head = head.slice(end + 4)
        }
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

const open = new Set<RawServer>()

/** A session to a server that follows a script. */
export async function against(script: Script, options: HTTP20ConnectionOptions = {}): Promise<Carrier> {
  const server = new RawServer(script)
  open.add(server)
  const carrier = await Carrier.dial(await server.listen(), options)
  carrier.server = server
  return carrier
}

/** Closes the servers of `against`. */
export async function closeServers(): Promise<void> {
  await Promise.all([...open].map((server) => server.close()))
  open.clear()
}

/** A server in memory that says nothing. Returns what it reads, as it comes. */
export function startPeer(peer: MemoryTransport): string[] {
  const received: string[] = []
  peer.start({
    onChunk: (chunk) => {
      received.push(Buffer.from(chunk).toString('latin1'))
    },
    onEnd: () => peer.end(),
    onClosed() {},
  })
  return received
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Code, `processed` and message of an error. */
export function facts(error: unknown): unknown {
  if (!H2Error.is(error)) return error
  return [error.code, error.processed, error.message]
}

export async function until(is: () => boolean): Promise<void> {
  while (!is()) await settled()
}

/** Resolves once `value` has not changed for many turns. */
export async function still(value: () => number): Promise<void> {
  let before = -1
  for (let quiet = 0; quiet < 100; quiet++) {
    if (value() !== before) quiet = 0
    before = value()
    await settled()
  }
}
