/** Servers of Node's own on loopback, a peer of plain bytes, and sessions to both; all ended after each test. */
import { once } from 'node:events'
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach } from 'vitest'
import { connect } from '../../src/adapters/http2/connect.ts'
import type { ConnectOptions } from '../../src/adapters/http2/options.ts'
import type { ClientHttp2Session } from '../../src/adapters/http2/session.ts'
import type { ClientHttp2Stream } from '../../src/adapters/http2/stream.ts'
import { makeLeaf } from '../support/certificate.ts'
import { concat, readFrames, settings, settingsAck, type WireFrame } from '../support/wire.ts'

type OnStream = (
  stream: ServerHttp2Stream,
  headers: Record<string, unknown>,
  flags: number,
  raw: string[],
) => void

const ends: (() => void)[] = []

afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

/** What is to be ended after the test. */
export function ending(end: () => void): void {
  ends.push(end)
}

function track(server: Http2Server | Http2SecureServer): void {
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
    session.once('close', () => sessions.delete(session))
  })
  ending(() => {
    server.close()
    for (const session of sessions) session.destroy()
  })
}

/** Errors of the server's streams are none of the test's. */
function quietly(onStream: OnStream): (...given: unknown[]) => void {
  return (...[stream, ...rest]: unknown[]) => {
    ;(stream as ServerHttp2Stream).on('error', () => {})
    ;(onStream as (...given: unknown[]) => void)(stream, ...rest)
  }
}

async function listening(server: Http2Server | Http2SecureServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A clear-text server; its URL. */
export async function serve(
  onStream: OnStream,
  options: ServerOptions = {},
): Promise<{ url: string; port: number; server: Http2Server }> {
  const server = createServer(options)
  track(server)
  server.on('stream', quietly(onStream))
  const port = await listening(server)
  return { url: `http://localhost:${port}`, port, server }
}

/** A server over TLS; its URL and its authority. */
export async function serveSecure(
  onStream: OnStream,
): Promise<{ url: string; port: number; ca: string; server: Http2SecureServer }> {
  const { key, cert } = await makeLeaf()
  const server = createSecureServer({ key, cert })
  track(server)
  server.on('stream', quietly(onStream))
  const port = await listening(server)
  return { url: `https://localhost:${port}`, port, ca: cert, server }
}

/** A session that is destroyed after the test. Errors of it are the test's affair. */
export function open(url: string, options: ConnectOptions = {}): ClientHttp2Session {
  const session = connect(url, options)
  ending(() => session.destroy())
  return session
}

/** The whole of a response. */
export async function answerOf(
  stream: ClientHttp2Stream,
): Promise<{ headers: Record<string, unknown>; text: string }> {
  const response = once(stream, 'response')
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (piece) => {
    text += piece
  })
  const [headers] = await response
  if (!stream.readableEnded) await once(stream, 'end')
  return { headers, text }
}

/** Names of events in the order in which they come. */
export function recorded(emitter: NodeJS.EventEmitter, ...events: string[]): string[] {
  const seen: string[] = []
  for (const event of events) emitter.on(event, () => seen.push(event))
  return seen
}

/** The other end of a plain Duplex: what the client sends as frames, and bytes of the test's to it. */
export class BytePeer {
  readonly near: Duplex
  #received: Uint8Array = new Uint8Array()
  #taken = 0
  #waiting: (() => void)[] = []
  ended = false

  constructor() {
    this.near = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#received = concat(this.#received, chunk)
        for (const wake of this.#waiting.splice(0)) wake()
        done()
      },
      final: (done) => {
        this.ended = true
        this.near.push(null)
        done()
      },
    })
    ending(() => this.near.destroy())
  }

  /** In a later turn, as a network does. */
  send(...chunks: readonly Uint8Array[]): void {
    setImmediate(() => this.near.push(Buffer.from(concat(...chunks))))
  }

  /** Says SETTINGS and acknowledges ours. */
  greet(): void {
    this.send(settings(), settingsAck)
  }

  /** The next frame that the client sent, for which `wanted` holds. */
  async frame(wanted: (frame: WireFrame) => boolean): Promise<WireFrame> {
    for (;;) {
      const frames = readFrames(this.#received)
      while (this.#taken < frames.length) {
        const frame = frames[this.#taken++]!
        if (wanted(frame)) return frame
      }
      await new Promise<void>((wake) => this.#waiting.push(wake))
    }
  }

  session(options: ConnectOptions = {}): ClientHttp2Session {
    return open('http://a.test', { createConnection: () => this.near, ...options })
  }
}
