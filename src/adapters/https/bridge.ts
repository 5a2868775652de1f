/**
 * A way for `node:https` itself: a stream to which Node speaks HTTP/1.1, and
 * behind it Node's own parser, which hands each request to a client. Its one
 * rule: what fails behind the bridge fails the stream, so that the request in
 * front of it hears of it.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import type { Client, HTTP20Response, Informational } from '../../index.ts'
import { isOfConnection } from '../wire/connection-fields.ts'
import { isAscii } from '../wire/origin.ts'
import { sendablePath } from '../wire/request-path.ts'
import { toNodeError } from './node-error.ts'
import { mergeOptions, notFound, targetOf } from './request-target.ts'
import { socketLike } from './socket-shape.ts'

/** Octets of a header that Node's parser takes: ours come from this process. */
const MAX_HEADER_SIZE = 1_048_576

const SocketLike = /* @__PURE__ */ socketLike(Duplex)

/** One end of a pair of streams. */
class End extends SocketLike {
  other: End | undefined
  /** Called when the other end wants more. */
  #onWanted: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  readonly encrypted = true

  /** Emits `timeout` after so many milliseconds of silence; 0 for never. */
  setTimeout(ms: number, callback?: () => void): this {
    clearTimeout(this.#timer)
    this.#timer = ms > 0 ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined
    if (callback !== undefined && ms > 0) this.once('timeout', callback)
    else if (callback !== undefined) this.off('timeout', callback)
    return this
  }

  override _read(): void {
    const wanted = this.#onWanted
    this.#onWanted = undefined
    wanted?.()
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: () => void): void {
    const other = this.other!
    this.#timer?.refresh()
    other.#timer?.refresh()
    if (other.destroyed || other.push(chunk)) callback()
    else other.#onWanted = callback
  }

  override _final(callback: () => void): void {
    if (!this.other!.destroyed) this.other!.push(null)
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const other = this.other!
    clearTimeout(this.#timer)
    process.nextTick(() => other.destroy())
    // As with a socket: who destroys it, and who reads the last of it, goes on before it closes.
    setImmediate(callback, error)
  }
}

interface Bridged {
  readonly client: Client
  /** Scheme and authority. */
  readonly origin: string
  /** The end in front. */
  readonly front: End
}

const bridges = new WeakMap<object, Bridged>()
let server: http.Server | undefined

/** A stream for one request of `node:https` with these options. */
export function bridge(client: Client, options: object): Duplex {
  const { origin, hostname } = targetOf({ ...mergeOptions(options, undefined), path: '/', method: 'GET' })
  const front = new End()
  const back = new End()
  front.other = back
  back.other = front
  back.on('error', ignore)
  if (origin === undefined) {
    front.destroy(notFound(hostname))
    return front
  }
  bridges.set(back, { client, origin, front })
  server ??= makeServer()
  server.emit('connection', back)
  return front
}

/** It never listens: it is Node's parser, and no more. */
function makeServer(): http.Server {
  const made = http.createServer({ maxHeaderSize: MAX_HEADER_SIZE, requireHostHeader: false })
  made.on('request', answer)
  made.on('checkContinue', answer)
  made.on('checkExpectation', answer)
  made.on('clientError', (_error, socket) => socket.destroy())
  return made
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const bridged = bridges.get(request.socket)!
  const abort = new AbortController()
  response.on('close', () => abort.abort())
  response.on('error', ignore)
  request.on('error', ignore)
  forward(bridged, request, response, abort.signal).catch((error) => {
    // Before the response there is a request that waits for an error.
    if (response.headersSent) bridged.front.other!.destroy()
    else bridged.front.destroy(toNodeError(error))
  })
}

async function forward(
  { client, origin, front }: Bridged,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { rawHeaders, method = 'GET', url = '/' } = request
  const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers
  const answered = await client.request(`${origin}/`, {
    method,
    path: sendablePath(url),
    headers: fieldsOf(rawHeaders, request.headers.connection),
    body: hasBody && request.headers['content-length'] !== '0' ? request : undefined,
    // RFC 9112 §7.1.2: they come behind chunks only.
    trailers: 'transfer-encoding' in request.headers ? () => pairs(request.rawTrailers) : undefined,
    signal,
    onConnection: (info) => {
      front.info = info
    },
    onInformational: (informational) => inform(response, informational),
  })
  response.sendDate = false
  // HTTP/1.1 has trailers behind a chunked body only (RFC 9112 §7.1.2): where there is none, they are not announced.
  const announced = answered.getHeader('trailer') !== undefined
  const empty = method === 'HEAD' || answered.status === 204 || answered.status === 304
  const without = empty ? 'trailer' : 'content-length'
  const fields = answered.rawHeaders.filter(([name]) => !announced || name !== without)
  response.writeHead(answered.status, fields.flat())
  await sendBody(answered, response, !empty)
}

async function sendBody(answered: HTTP20Response, response: ServerResponse, full: boolean): Promise<void> {
  for await (const piece of answered) {
    if (!response.write(piece)) await drained(response)
  }
  const trailers = [...(await answered.trailers)]
  if (trailers.length > 0 && full) response.addTrailers(trailers)
  response.end()
}

/** Resolves when more can be written, or nothing ever will. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

function inform(response: ServerResponse, { status, headers }: Informational): void {
  if (response.headersSent || response.socket === null) return
  let text = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n`
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`
  response.socket.write(`${text}\r\n`, 'latin1')
}

/** The fields without those of the HTTP/1.1 connection (RFC 9113 §8.2.2), which may name more. */
function fieldsOf(raw: readonly string[], connection = ''): [string, string][] {
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
  const fields = pairs(raw).filter(
    ([name, value]) => !isOfConnection(name) && name !== 'te' && !named.has(name) && !isRawName(name, value),
  )
  if (!fields.some(([name]) => name === 'user-agent')) fields.push(['user-agent', ''])
  return fields
}

/** Node writes a name with other letters as it stands; the origin has it in a form that can be sent. */
function isRawName(name: string, value: string): boolean {
  return name === 'host' && !isAscii(value)
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) result.push([raw[i]!.toLowerCase(), raw[i + 1]!])
  return result
}

function ignore(): void {}
