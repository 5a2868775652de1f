/**
 * The way through an HTTP proxy: a connection to it, and on that a tunnel by
 * CONNECT (RFC 9110 §9.3.6), spoken as HTTP/1.1. The one rule: the credentials
 * of the proxy appear in the request and nowhere else, neither in a message nor
 * in a cause.
 */
import net, { type Socket } from 'node:net'
import tls, { type ConnectionOptions } from 'node:tls'
import type { H2Error } from '../errors.ts'
import { spokenBy } from '../first-octets.ts'
import { authorityOf, connectError, dialError, tlsError } from './dial-failure.ts'
import { reached, type StepControl, step } from './dial-step.ts'
import { announcedSize, MAX_CONTENT_SIZE, proxyResponse } from './proxy-refusal.ts'
import { MAX_HEAD_SIZE, ProxyReply, type ReplyHead } from './proxy-reply.ts'
import type { ProxyAddress } from './proxy-url.ts'
import { connectOptions } from './tls-policy.ts'
import type { DialTarget, TlsOptions } from './transport.ts'

const PROXY_AUTHENTICATION_REQUIRED = 407
/** Milliseconds that the content of a refusal is waited for. */
const CONTENT_MS = 250

/** What a dial through a proxy waits for: the words of a time limit that passes. */
export interface ProxyProgress {
  waitsFor: string
}

/** The proxy, as messages name it. */
export function proxyName({ host, port }: ProxyAddress): string {
  return `proxy ${authorityOf(host, port)}`
}

/**
 * Connects to the proxy. `ca` of the caller's TLS options counts for the proxy
 * too; the rest of them is meant for the target alone.
 */
export async function openProxy(
  proxy: ProxyAddress,
  ca: TlsOptions['ca'],
  signal: AbortSignal,
  progress: ProxyProgress,
): Promise<Socket> {
  const name = proxyName(proxy)
  const { host, port } = proxy
  progress.waitsFor = 'the proxy was not reached'
  const socket = proxy.secure
    ? tls.connect(proxyTls(proxy, ca))
    : net.connect({ host, port, allowHalfOpen: true })
  socket.on('error', ignoreError)
  await reached(socket, 'connect', signal, (error) => connectError(name, error, 'H2_PROXY'))
  socket.setNoDelay(true)
  if (proxy.secure) {
    progress.waitsFor = 'the proxy did not finish the TLS handshake'
    await reached(socket, 'secureConnect', signal, (error) => tlsError(name, error, 'H2_PROXY'))
  }
  return socket
}

/**
 * Connects to the proxy and has it connect to the target. The socket is paused;
 * what the target said already is read from it.
 */
export async function openTunnel(
  proxy: ProxyAddress,
  target: DialTarget,
  ca: TlsOptions['ca'],
  signal: AbortSignal,
  progress: ProxyProgress,
): Promise<Socket> {
  const authority = authorityOf(target.host, target.port)
  if (/[^\x21-\x7e]/.test(authority)) throw new TypeError('host has characters that no host has')
  const socket = await openProxy(proxy, ca, signal, progress)
  progress.waitsFor = 'the proxy did not answer CONNECT'
  await requestTunnel(socket, proxy, target, signal)
  return socket
}

function proxyTls({ host, port }: ProxyAddress, ca: TlsOptions['ca']): ConnectionOptions {
  const offer = {
    host,
    tls: ca === undefined ? undefined : { ca },
    alpn: ['http/1.1'],
    sessions: undefined,
    onread: undefined,
  }
  return connectOptions(offer, { host, port })
}

/** The step that is running, or the transport above, hears of an error by its own listener. */
function ignoreError(): void {}

function requestTunnel(
  socket: Socket,
  proxy: ProxyAddress,
  target: DialTarget,
  signal: AbortSignal,
): Promise<void> {
  const authority = authorityOf(target.host, target.port)
  const what = `CONNECT to ${authority} through ${proxyName(proxy)} failed`
  const answer = new TunnelAnswer(proxy, target.secure, what)
  return step<void>(
    socket,
    signal,
    (error) => answer.broken(error),
    (control) => {
      answer.control = control
      const onData = (chunk: Uint8Array): void => {
        const surplus = answer.receive(chunk)
        if (surplus === undefined) return
        socket.pause()
        control.resolve()
        if (surplus.length > 0) socket.unshift(surplus)
      }
      const onEnd = (): void => answer.ended()
      socket.on('data', onData)
      socket.on('end', onEnd)
      socket.write(connectHead(proxy, authority))
      return () => {
        answer.over()
        socket.off('data', onData)
        socket.off('end', onEnd)
      }
    },
  )
}

/** RFC 9110 §7.2: host is the authority, as the target is. */
function connectHead({ authorization }: ProxyAddress, authority: string): string {
  const credentials = authorization === undefined ? '' : `proxy-authorization: ${authorization}\r\n`
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`
}

/** The answer to one CONNECT: the step ends with it, in a tunnel or in an error. */
class TunnelAnswer {
  /** Of the step that waits. Written as it begins. */
  control: StepControl<void> | undefined
  readonly #proxy: ProxyAddress
  /** The target speaks TLS. */
  readonly #secure: boolean
  readonly #what: string
  readonly #reply: ProxyReply
  /** Its first octets, for the message. */
  #first: Uint8Array | undefined
  /** A final response that is no 2xx; its content is being read. */
  #refusal: ReplyHead | undefined
  #content: Uint8Array
  #timer: NodeJS.Timeout | undefined

  constructor(proxy: ProxyAddress, secure: boolean, what: string) {
    this.control = undefined
    this.#proxy = proxy
    this.#secure = secure
    this.#what = what
    this.#reply = new ProxyReply()
    this.#first = undefined
    this.#refusal = undefined
    this.#content = new Uint8Array(0)
    this.#timer = undefined
  }

  /** Takes what the proxy said. Returns what is the target's, once the tunnel stands. */
  receive(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#refusal !== undefined) {
      this.#receiveContent(chunk)
      return undefined
    }
    this.#first ??= chunk
    const head = this.#reply.receive(chunk)
    if (head === 'incomplete') return undefined
    if (head === 'malformed' || head === 'oversized') this.#fail(this.#fault(head))
    else if (head.status < 200 || head.status > 299) this.#refused(head)
    // In TLS the client speaks first: whatever came is not of the target's TLS.
    else if (this.#secure && head.surplus.length > 0) {
      this.#fail('bytes before the TLS handshake (RFC 8446 §2)')
    } else return head.surplus
    return undefined
  }

  #fault(kind: 'malformed' | 'oversized'): string {
    if (kind === 'oversized') return `a head of more than ${MAX_HEAD_SIZE} octets (RFC 9110 §5.4)`
    const spoken = spokenBy(this.#first!)
    const hint = spoken === undefined || spoken === 'HTTP/1' ? '' : `; what answers speaks ${spoken}`
    return `not an HTTP/1.1 response (RFC 9112 §4)${hint}`
  }

  #fail(reason: string): void {
    this.control!.reject(dialError('H2_PROXY', 'local', `${this.#what}: ${reason}`))
  }

  #refused(head: ReplyHead): void {
    this.#refusal = head
    this.#timer = setTimeout(() => this.ended(), CONTENT_MS)
    this.#receiveContent(head.surplus)
  }

  #receiveContent(chunk: Uint8Array): void {
    const wanted = Math.min(announcedSize(this.#refusal!), MAX_CONTENT_SIZE)
    this.#content = Buffer.concat([this.#content, chunk.subarray(0, wanted - this.#content.length)])
    if (this.#content.length >= wanted) this.ended()
  }

  /** The proxy says no more that is wanted. */
  ended(): void {
    this.control!.reject(
      this.#refusal === undefined
        ? dialError('H2_PROXY', 'peer', `${this.#what}: closed without an answer`)
        : this.#refusalError(this.#refusal),
    )
  }

  /** What the connection broke with, unless the proxy had refused before. */
  broken(error: Error): H2Error {
    if (this.#refusal !== undefined) return this.#refusalError(this.#refusal)
    return dialError('H2_PROXY', 'peer', `${this.#what}: the proxy broke the connection`, error)
  }

  #refusalError(head: ReplyHead): H2Error {
    const { status } = head
    const hint = status === PROXY_AUTHENTICATION_REQUIRED ? ', credentials missing or wrong' : ''
    const response = proxyResponse(head, this.#content, this.#proxy.authorization)
    const message = `${this.#what}: status ${status}${hint}`
    return dialError('H2_PROXY', 'peer', message, undefined, status >= 500, response)
  }

  /** The step is over. */
  over(): void {
    clearTimeout(this.#timer)
  }
}
