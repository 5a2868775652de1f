/**
 * Peers on loopback and a handler that remembers: what the tests of transports
 * share. Everything opened here is closed by `closeAll`.
 */
import net from 'node:net'
import tls from 'node:tls'
import type { DialOptions, DialTarget, Transport, TransportHandler } from '../../src/transport/transport.ts'

const open = new Set<{ destroy(): void } | net.Server>()

/** Ends all servers, their sockets, and the transports that were tracked. */
export async function closeAll(): Promise<void> {
  const servers: net.Server[] = []
  for (const each of open) {
    if (each instanceof net.Server) servers.push(each)
    else each.destroy()
  }
  open.clear()
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
}

/** Has `closeAll` destroy this as well. */
export function track<T extends { destroy(): void }>(closeable: T): T {
  open.add(closeable)
  return closeable
}

/** Listens on a free port of loopback, or on a path. */
export async function listen(server: net.Server, path?: string): Promise<number> {
  open.add(server)
  server.on('connection', (socket: net.Socket) => {
    track(socket)
    socket.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  return path === undefined ? (server.address() as net.AddressInfo).port : 0
}

/** A plain server; sockets stay half open until it ends them itself. */
export async function plainServer(onSocket: (socket: net.Socket) => void, path?: string): Promise<number> {
  return listen(net.createServer({ allowHalfOpen: true }, onSocket), path)
}

/** A TLS server that speaks `h2` unless told otherwise. */
export async function tlsServer(
  options: tls.TlsOptions,
  onSocket: (socket: tls.TLSSocket) => void = () => {},
): Promise<number> {
  const server = tls.createServer({ ALPNProtocols: ['h2'], allowHalfOpen: true, ...options }, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  return listen(server)
}

/** A target on loopback. */
export function plain(port: number, host = '127.0.0.1'): DialTarget {
  return { secure: false, host, port }
}

/** A target on loopback that speaks TLS. */
export function secure(port: number, host = 'localhost'): DialTarget {
  return { secure: true, host, port }
}

/** Options with limits that no test on loopback reaches. */
export function options(some: Partial<DialOptions> = {}): DialOptions {
  return { alpn: ['h2'], connectTimeoutMs: 10_000, tlsTimeoutMs: 10_000, ...some }
}

/** Remembers what a transport reports, as one list of what was called. */
export class Recorder implements TransportHandler {
  readonly calls: string[] = []
  readonly memory = new Set<ArrayBufferLike>()
  readonly ended: Promise<void>
  readonly closed: Promise<Error | undefined>
  data = Buffer.alloc(0)
  #resolveEnded!: () => void
  #resolveClosed!: (error: Error | undefined) => void
  #awaited: { length: number; resolve: (data: Buffer) => void } | undefined

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  /** Resolves with all the data once there is that much. */
  received(length: number): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#awaited = { length, resolve }
      this.#check()
    })
  }

  onChunk(chunk: Uint8Array): void {
    this.calls.push('chunk')
    this.memory.add(chunk.buffer)
    this.data = Buffer.concat([this.data, chunk])
    this.#check()
  }

  onEnd(): void {
    this.calls.push('end')
    this.#resolveEnded()
  }

  onClosed(error: Error | undefined): void {
    this.calls.push('closed')
    this.#resolveClosed(error)
  }

  #check(): void {
    if (this.#awaited !== undefined && this.data.length >= this.#awaited.length) {
      this.#awaited.resolve(this.data)
      this.#awaited = undefined
    }
  }
}

/** Starts a transport with a recorder. */
export function recorded(transport: Transport): Recorder {
  track(transport)
  const recorder = new Recorder()
  transport.start(recorder)
  return recorder
}

/** Resolves once the write is done. */
export function written(transport: Transport, chunk: Uint8Array | string): Promise<void> {
  return new Promise((resolve) => transport.write(Buffer.from(chunk), resolve))
}

/** The error with which a promise rejects. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('was not rejected')
    },
    (error: unknown) => error,
  )
}
