/**
 * What is known of a TLS connection on Node. Its one rule: what takes memory is
 * made when it is asked for, and idle connections are not asked.
 */
import type { TLSSocket } from 'node:tls'
import type { TransportInfo } from './transport.ts'

export class TlsInfo implements TransportInfo {
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly connectMs: number | undefined
  readonly tlsMs: number | undefined
  readonly tlsVersion: string | undefined
  readonly cipher: string
  readonly resumed: boolean
  readonly authorized: boolean
  readonly authorizationError: string | undefined
  readonly #socket: TLSSocket
  #peerCertificate: Uint8Array | undefined = undefined

  constructor(known: TransportInfo, socket: TLSSocket) {
    this.localAddress = known.localAddress
    this.localPort = known.localPort
    this.remoteAddress = known.remoteAddress
    this.remotePort = known.remotePort
    this.connectMs = known.connectMs
    this.tlsMs = known.tlsMs
    this.tlsVersion = socket.getProtocol() ?? undefined
    this.cipher = socket.getCipher().name
    this.resumed = socket.isSessionReused()
    this.authorized = socket.authorized
    this.authorizationError = socket.authorized ? undefined : String(socket.authorizationError)
    this.#socket = socket
  }

  get peerCertificate(): Uint8Array | undefined {
    this.#peerCertificate ??= this.#socket.getPeerX509Certificate()?.raw
    return this.#peerCertificate
  }
}
