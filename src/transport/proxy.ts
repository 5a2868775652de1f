/**
 * Tunnels through an HTTP proxy by CONNECT (RFC 9110 §9.3.6), spoken as
 * HTTP/1.1. The one rule: the credentials of the proxy appear in the request
 * and nowhere else, neither in a message nor in a cause.
 */
import net, { type Socket } from 'node:net'
import tls, { type ConnectionOptions } from 'node:tls'
import type { H2Error } from '../errors.ts'
import { authorityOf, connectError, dialError, tlsError } from './dial-failure.ts'
import { reached, step } from './dial-step.ts'
import { connectOptions } from './tls-policy.ts'
import type { DialTarget, TlsOptions } from './transport.ts'

/** A proxy's answer that takes more is refused. */
const MAX_HEAD_LENGTH = 16 * 1024
const STATUS_LINE_START = 'HTTP/1.'
const PROXY_AUTHENTICATION_REQUIRED = 407

/** A proxy's URL, taken apart. */
export interface Proxy {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** Value of `proxy-authorization`, undefined without credentials. */
  readonly authorization: string | undefined
}

/** Takes the URL of a proxy apart. Throws `TypeError`, which does not quote it. */
export function parseProxy(text: string): Proxy {
  let url: URL | undefined
  try {
    url = new URL(text)
  } catch {
    // The platform's error quotes its input, and the input may hold a password.
  }
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new TypeError('proxy must be an http:// or https:// URL')
  }
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    authorization: url.username === '' && url.password === '' ? undefined : basic(url),
  }
}

/** Basic credentials (RFC 7617 §2), as UTF-8. */
function basic(url: URL): string {
  const pair = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Connects to the proxy and has it connect to the target. The socket is paused;
 * what the target said already is read from it. `ca` of the caller's TLS options
 * counts for the proxy too; the rest of them is meant for the target alone.
 */
export async function openTunnel(
  proxy: Proxy,
  target: DialTarget,
  ca: TlsOptions['ca'],
  signal: AbortSignal,
): Promise<Socket> {
  const name = `proxy ${authorityOf(proxy.host, proxy.port)}`
  const authority = authorityOf(target.host, target.port)
  if (/[^\x21-\x7e]/.test(authority)) throw new TypeError('host has characters that no host has')
  const { host, port } = proxy
  const socket = proxy.secure
    ? tls.connect(proxyTls(proxy, ca))
    : net.connect({ host, port, allowHalfOpen: true })
  socket.on('error', ignoreError)
  await reached(socket, 'connect', signal, (error) => connectError(name, error, 'H2_PROXY'))
  socket.setNoDelay(true)
  if (proxy.secure) {
    await reached(socket, 'secureConnect', signal, (error) => tlsError(name, error, 'H2_PROXY'))
  }
  await requestTunnel(socket, proxy, target, signal)
  return socket
}

function proxyTls({ host, port }: Proxy, ca: TlsOptions['ca']): ConnectionOptions {
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

function requestTunnel(socket: Socket, proxy: Proxy, target: DialTarget, signal: AbortSignal): Promise<void> {
  const authority = authorityOf(target.host, target.port)
  const what = `CONNECT to ${authority} through proxy ${authorityOf(proxy.host, proxy.port)} failed`
  const failure = (error: Error): H2Error =>
    dialError('H2_PROXY', 'peer', `${what}: the proxy broke the connection`, error)
  return step<void>(socket, signal, failure, ({ resolve, reject }) => {
    let received = Buffer.alloc(0)
    const onData = (chunk: Uint8Array) => {
      received = Buffer.concat([received, chunk])
      const reply = readReply(received)
      if (reply === 'incomplete') return
      const refusal = refused(reply, target.secure, what)
      if (refusal !== undefined) return reject(refusal)
      socket.pause()
      const { length } = reply as Reply
      resolve()
      if (length < received.length) socket.unshift(received.subarray(length))
    }
    const onEnd = () => reject(dialError('H2_PROXY', 'peer', `${what}: closed without an answer`))
    socket.on('data', onData)
    socket.on('end', onEnd)
    const authorization =
      proxy.authorization === undefined ? '' : `proxy-authorization: ${proxy.authorization}\r\n`
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`)
    return () => {
      socket.off('data', onData)
      socket.off('end', onEnd)
    }
  })

  function refused(reply: Reply | 'malformed', secure: boolean, what: string): H2Error | undefined {
    if (reply === 'malformed') {
      return dialError('H2_PROXY', 'local', `${what}: not an HTTP/1.1 response (RFC 9112 §4)`)
    }
    const { status, surplus } = reply
    if (status < 200 || status > 299) {
      const hint = status === PROXY_AUTHENTICATION_REQUIRED ? ', credentials missing or wrong' : ''
      return dialError('H2_PROXY', 'peer', `${what}: status ${status}${hint}`, undefined, status >= 500)
    }
    // In TLS the client speaks first: whatever came is not of the target's TLS.
    if (secure && surplus > 0) {
      return dialError('H2_PROXY', 'local', `${what}: bytes before the TLS handshake (RFC 8446 §2)`)
    }
    return undefined
  }
}

/** The head of a proxy's final response. */
export interface Reply {
  readonly status: number
  /** Bytes that it and the 1xx responses before it take. */
  readonly length: number
  /** Bytes behind it, which are the target's. */
  readonly surplus: number
}

/** Reads the final response from all that was received. Interim responses are passed over (RFC 9110 §15.2). */
export function readReply(received: Uint8Array): Reply | 'incomplete' | 'malformed' {
  const text = Buffer.from(received.buffer, received.byteOffset, received.length).toString('latin1')
  let at = 0
  for (;;) {
    const start = text.slice(at, at + STATUS_LINE_START.length)
    if (!STATUS_LINE_START.startsWith(start)) return 'malformed'
    const end = /\r?\n\r?\n/g
    end.lastIndex = at
    const found = end.exec(text)
    if (found === null) return text.length - at > MAX_HEAD_LENGTH ? 'malformed' : 'incomplete'
    const status = /^HTTP\/1\.\d ([1-9]\d\d)(?: |\r?\n)/.exec(text.slice(at, end.lastIndex))
    if (status === null) return 'malformed'
    at = end.lastIndex
    if (status[1]! >= '200') return { status: Number(status[1]), length: at, surplus: text.length - at }
  }
}
