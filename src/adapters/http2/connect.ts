/**
 * `connect`: where a session's socket comes from. One rule: an authority, and
 * options, are read as Node reads them.
 */
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { checkObject } from './checks.ts'
import { unsupportedProtocol } from './errors.ts'
import { type ConnectOptions, checkedOptions } from './options.ts'
import { ClientHttp2Session } from './session.ts'
import { checkSettings } from './settings.ts'

type Listener = (session: ClientHttp2Session, socket: Duplex) => void

/** Where to connect to, as far as it is said. */
interface Authority {
  protocol?: string
  host?: string
  hostname?: string
  port?: string | number
}

/**
 * Connects to an authority and returns the session at once: requests wait until
 * the connection stands.
 *
 * @example
 * const session = connect('https://example.com')
 * const stream = session.request({ ':path': '/' })
 * stream.on('response', (headers) => console.log(headers[':status']))
 */
export function connect(
  authority: string | URL | Authority,
  options?: ConnectOptions | Listener,
  listener?: Listener,
): ClientHttp2Session {
  const told = typeof options === 'function' ? options : listener
  const checked = checkedOptions(typeof options === 'function' ? undefined : options)
  const target: Authority = typeof authority === 'string' ? new URL(authority) : (authority as Authority)
  checkObject(target, 'authority', ['string', 'Object', 'URL'])
  if (typeof checked.settings === 'object' && checked.settings !== null) checkSettings(checked.settings)
  else checked.settings = {}
  const protocol = target.protocol || checked.protocol || 'https:'
  const port = String(target.port === '' ? (target.protocol === 'http:' ? 80 : 443) : target.port)
  const host = hostOf(target)
  const socket =
    typeof checked.createConnection === 'function'
      ? checked.createConnection(target as URL, checked)
      : dial(protocol, host, port, checked)
  const name = `${checked.servername || host}:${port}`
  const session = new ClientHttp2Session(socket, checked, name, protocol)
  if (typeof told === 'function') session.once('connect', told)
  return session
}

function hostOf({ hostname, host }: Authority): string {
  if (!hostname) return host || 'localhost'
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

function dial(protocol: string, host: string, port: string, options: ConnectOptions): Duplex {
  if (protocol === 'http:') return net.connect({ port, host, ...options } as object as net.TcpNetConnectOpts)
  if (protocol !== 'https:') throw unsupportedProtocol(protocol)
  const secure = { ...options } as tls.ConnectionOptions
  if (!('ALPNCallback' in secure)) secure.ALPNProtocols = ['h2']
  if (net.isIP(host) === 0 && !secure.servername) secure.servername = host
  return tls.connect(port as unknown as number, host, secure)
}

Object.defineProperty(connect, promisify.custom, {
  value: function connect(authority: string | URL, options?: ConnectOptions): Promise<ClientHttp2Session> {
    return connected(authority, options)
  },
})

function connected(
  authority: string | URL,
  options: ConnectOptions | undefined,
): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(authority, options, () => {
      session.removeListener('error', reject)
      resolve(session)
    })
    session.once('error', reject)
  })
}
