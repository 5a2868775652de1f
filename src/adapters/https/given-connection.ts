/**
 * Connections that the caller makes: `createConnection` of a request. Its one
 * rule: it is called once and its stream carries one request, as with
 * `node:https`; nobody dials for it a second time.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Client, type ClientOptions } from '../../index.ts'
import { SOONEST_MS } from './agent.ts'
import { hangUp } from './node-error.ts'
import type { RequestOptions, RequestTarget } from './request-target.ts'

type Dial = NonNullable<ClientOptions['transport']>
type Transport = Awaited<ReturnType<Dial>>
type Handler = Parameters<Transport['start']>[0]

/** What of a socket a caller's stream may have. */
type Given = Duplex & Partial<Pick<Socket, 'ref' | 'unref' | 'connecting'>> & Facts

interface Facts {
  readonly secureConnecting?: boolean
  /** False where TLS chose nothing. */
  readonly alpnProtocol?: string | false | null
  readonly localAddress?: string
  readonly localPort?: number
  readonly remoteAddress?: string
  readonly remotePort?: number
}

/** A client for one request, on a stream of the caller's. As with `node:https` it has no limit of time. */
export function clientOver(options: RequestOptions, target: RequestTarget): Client {
  let called = false
  return new Client({
    retry: false,
    decompress: false,
    idleTimeout: SOONEST_MS,
    timeouts: { queue: 0, headers: 0, bodyIdle: 0 },
    transport: async ({ host, port, secure }, _dialOptions, signal) => {
      if (called) throw hangUp()
      called = true
      // As Node has it: `path` is that of a Unix domain socket here.
      const given = { ...options, host, hostname: target.hostname, port, path: options.socketPath }
      const stream = await created(options, given as RequestOptions)
      await connected(stream, signal)
      return new GivenConnection(stream, secure)
    },
  })
}

/** The stream that `createConnection` returns, or calls back with. */
function created({ createConnection }: RequestOptions, given: RequestOptions): Promise<Given> {
  return new Promise((resolve, reject) => {
    const back = (error: Error | null | undefined, stream?: Duplex): void => {
      if (error) reject(error)
      else resolve(stream as Given)
    }
    const stream = createConnection!(given as Parameters<NonNullable<typeof createConnection>>[0], back)
    if (stream) resolve(stream as Given)
  })
}

/** Resolves when octets can flow, and TLS has chosen what they say. */
function connected(stream: Given, signal: AbortSignal | undefined): Promise<void> {
  const event = stream.secureConnecting === true ? 'secureConnect' : 'connect'
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      stream.off(event, onConnect).off('error', onError).off('close', onClose)
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onConnect = (): void => end(resolve)
    const onError = (error: Error): void => end(() => reject(error))
    const onClose = (): void => end(() => reject(hangUp()))
    const onAbort = (): void => {
      end(() => reject(signal!.reason))
      stream.on('error', () => {}).destroy()
    }
    stream.on(event, onConnect).on('error', onError).on('close', onClose)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    else if (stream.destroyed) onClose()
    else if (stream.secureConnecting !== true && stream.connecting !== true) onConnect()
  })
}

/** Octets over a stream of the caller's. */
class GivenConnection implements Transport {
  readonly alpn: string | undefined
  readonly info: Transport['info']
  readonly #stream: Given
  #error: Error | undefined

  constructor(stream: Given, secure: boolean) {
    const { alpnProtocol, localAddress, localPort, remoteAddress, remotePort } = stream
    // Where nobody chose, what is spoken is what callers of node:https expect.
    this.alpn = secure ? alpnProtocol || 'http/1.1' : undefined
    this.info = { localAddress, localPort, remoteAddress, remotePort }
    this.#stream = stream
    this.#error = undefined
    stream.on('error', (error) => {
      this.#error ??= error
      stream.destroy()
    })
  }

  start(handler: Handler): void {
    const stream = this.#stream
    if (stream.destroyed) {
      handler.onClosed(this.#error)
      return
    }
    stream.on('data', (chunk: Uint8Array) => handler.onChunk(chunk))
    stream.on('end', () => handler.onEnd())
    stream.on('close', () => handler.onClosed(this.#error))
    stream.resume()
  }

  write(chunk: Uint8Array, done: () => void): void {
    const stream = this.#stream
    if (stream.writable !== true) return
    // A stream that is no socket may keep what it is given beyond its callback.
    const octets = stream instanceof Socket ? chunk : chunk.slice()
    stream.write(octets, (error) => {
      if (!error) done()
    })
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  ref(): void {
    this.#stream.ref?.()
  }

  unref(): void {
    this.#stream.unref?.()
  }
}
