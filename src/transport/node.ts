/**
 * Dials on Node: TCP, TLS, Unix domain sockets, and tunnels through a proxy.
 * The one rule: whoever leaves early leaves no socket behind, whether by
 * failure, time limit or signal.
 */
import net, { type LookupFunction, type OnReadOpts, type Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { authorityOf, connectError, dialError, tlsError } from './dial-failure.ts'
import { Limit, reached, StepTimes } from './dial-step.ts'
import { NodeSocket } from './node-socket.ts'
import { openProxy, openTunnel, type ProxyProgress, proxyName } from './proxy.ts'
import { type ProxyAddress, parseProxy } from './proxy-url.ts'
import { secureContextOf } from './tls-contexts.ts'
import { TlsInfo } from './tls-info.ts'
import {
  connectOptions,
  inadequacy,
  logKeys,
  negotiated,
  type Offer,
  refuseRenegotiation,
  type Whereto,
} from './tls-policy.ts'
import { keepSessions } from './tls-sessions.ts'
import type { Dial, DialOptions, DialTarget, TransportInfo } from './transport.ts'

/**
 * Connects to a target over Node's sockets. See `Dial` for what it promises.
 *
 * @example
 * const transport = await dial(
 *   { secure: true, host: 'example.test', port: 443 },
 *   { alpn: ['h2'], connectTimeoutMs: 10_000, tlsTimeoutMs: 10_000 },
 * )
 */
export const dial: Dial = async (target, options, signal) => {
  signal?.throwIfAborted()
  const proxy = proxyOf(options)
  const where = whereTo(target, options, proxy)
  if (target.secure) checkTlsOptions(where, options)
  const startedAt = performance.now()
  const steps = new StepTimes(options.onStep)
  const transport = await connect(target, options, where, proxy, signal, steps)
  const connectedAt = performance.now()
  try {
    if (target.secure) {
      await handshake(transport, options, where, signal)
      steps.done('tls')
    }
    signal?.throwIfAborted()
  } catch (error) {
    transport.destroy()
    throw error
  }
  const tlsMs = target.secure ? performance.now() - connectedAt : undefined
  transport.info = infoOf(transport.socket, connectedAt - startedAt, tlsMs)
  return transport
}

/** The proxy on the way, undefined for none: a socket of the machine itself needs none. */
function proxyOf({ proxy, socketPath }: DialOptions): ProxyAddress | undefined {
  return proxy === undefined || socketPath !== undefined ? undefined : parseProxy(proxy)
}

/** The target and the way to it, as messages name them. */
function whereTo(
  { host, port }: DialTarget,
  { socketPath }: DialOptions,
  proxy: ProxyAddress | undefined,
): string {
  if (socketPath !== undefined) return socketPath
  const authority = authorityOf(host, port)
  return proxy === undefined ? authority : `${authority} through ${proxyName(proxy)}`
}

/** Certificates and keys that cannot be read are the caller's, and known before anyone is dialled. */
function checkTlsOptions(where: string, options: DialOptions): void {
  try {
    secureContextOf(options.tls)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    const { message } = error as Error
    throw dialError('H2_TLS', 'user', `TLS options for ${where} are unusable: ${message}`, error, false)
  }
}

/** The first phase: a socket that is connected to the target, on which TLS is yet to be spoken. */
async function connect(
  target: DialTarget,
  options: DialOptions,
  where: string,
  proxy: ProxyAddress | undefined,
  signal: AbortSignal | undefined,
  steps: StepTimes,
): Promise<NodeSocket> {
  const { connectTimeoutMs } = options
  const progress: ProxyProgress = { waitsFor: '' }
  const limit = new Limit(connectTimeoutMs, signal, () => {
    const waited = progress.waitsFor === '' ? '' : `, ${progress.waitsFor}`
    const message = `connect to ${where} failed: timed out after ${connectTimeoutMs} ms${waited}`
    return dialError('H2_TIMEOUT_CONNECT', 'local', message)
  })
  try {
    if (proxy !== undefined) {
      const transport = await connectBy(proxy, target, options, limit.signal, progress)
      steps.done('proxy')
      return transport
    }
    const transport = new NodeSocket((onread) => open(target, options, onread))
    transport.socket.once('lookup', () => steps.done('dns'))
    await reached(transport.socket, 'connect', limit.signal, (error) => connectError(where, error))
    steps.done('tcp')
    transport.socket.setNoDelay(true)
    return transport
  } finally {
    limit.clear()
  }
}

/** The same by way of a proxy: a tunnel, or the proxy itself, which takes requests to the target. */
async function connectBy(
  proxy: ProxyAddress,
  target: DialTarget,
  options: DialOptions,
  signal: AbortSignal,
  progress: ProxyProgress,
): Promise<NodeSocket> {
  const ca = options.tls?.ca
  if (options.forward === true && !target.secure) {
    const transport = new NodeSocket(await openProxy(proxy, ca, signal, progress))
    transport.forwarding = { authorization: proxy.authorization }
    return transport
  }
  const tunnel = await openTunnel(proxy, target, ca, signal, progress)
  return new NodeSocket(target.secure ? secured(tunnel, target, options) : tunnel)
}

/** Opens a socket that reads into the buffer of `onread`. With TLS, Node begins the handshake by itself. */
function open(target: DialTarget, options: DialOptions, onread: OnReadOpts): Socket {
  const { host, port } = target
  const { lookup, socketPath } = options
  const where =
    socketPath !== undefined
      ? { path: socketPath }
      : lookup === undefined
        ? { host, port }
        : { host, port, lookup: lookup as LookupFunction }
  if (!target.secure) return net.connect({ ...where, allowHalfOpen: true, onread })
  return startTls(offerOf(target, options, onread), where)
}

/** Begins TLS on a tunnel. */
function secured(tunnel: Socket, target: DialTarget, options: DialOptions): Socket {
  try {
    return startTls(offerOf(target, options, undefined), { socket: tunnel })
  } catch (error) {
    tunnel.destroy()
    throw error
  }
}

function startTls(offer: Offer, where: Whereto): TLSSocket {
  const options = connectOptions(offer, where)
  const socket = tls.connect(options)
  keepSessions(offer.sessions, socket, options)
  logKeys(socket)
  return socket
}

function offerOf(target: DialTarget, options: DialOptions, onread: OnReadOpts | undefined): Offer {
  const { tls, alpn, sessions } = options
  return { host: target.host, tls, alpn, sessions, onread }
}

/** The second phase: waits for TLS, and judges what it came to. */
async function handshake(
  transport: NodeSocket,
  options: DialOptions,
  where: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tlsTimeoutMs, sessions } = options
  const socket = transport.socket as TLSSocket
  const limit = new Limit(tlsTimeoutMs, signal, () =>
    dialError(
      'H2_TIMEOUT_TLS',
      'local',
      `TLS handshake with ${where} failed: timed out after ${tlsTimeoutMs} ms`,
    ),
  )
  try {
    await reached(socket, 'secureConnect', limit.signal, (error) => tlsError(where, error))
    if (typeof socket.alpnProtocol === 'string') transport.alpn = socket.alpnProtocol
    const reason = transport.alpn === 'h2' ? inadequacy(negotiated(socket)) : undefined
    if (reason !== undefined) {
      const message = `TLS handshake with ${where} failed: ${reason}`
      throw dialError('H2_TLS_INADEQUATE', 'local', message, undefined, false)
    }
    refuseRenegotiation(socket)
  } catch (error) {
    // A session that led here may be the reason: the next dial begins afresh.
    if (sessions !== undefined) sessions.session = undefined
    throw error
  } finally {
    limit.clear()
  }
}

function infoOf(socket: Socket, connectMs: number, tlsMs: number | undefined): TransportInfo {
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  const known = { localAddress, localPort, remoteAddress, remotePort, connectMs, tlsMs }
  return 'encrypted' in socket ? new TlsInfo(known, socket as TLSSocket) : known
}
