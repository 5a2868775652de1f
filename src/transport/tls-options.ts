/**
 * The runtime's own TLS options, by name: those of Node's `tls.connect` that
 * are not ours to decide. Types, no code. The one rule: a name that is not here
 * does not compile, so that a slip of the pen (`rejectUnauthorised`) is not
 * taken for a wish that was granted.
 */

/** Certificates and keys: PEM as text or octets. */
export type Pem = string | Uint8Array

/** What is known of a peer's certificate where its name is checked: Node's `tls.PeerCertificate`. */
export interface PeerCertificate {
  readonly subject: object
  readonly issuer: object
  readonly subjectaltname?: string | undefined
  readonly valid_from: string
  readonly valid_to: string
  readonly fingerprint256: string
  readonly serialNumber: string
  /** DER. */
  readonly raw: Uint8Array
}

/** A method, so that a function of Node's own more detailed `PeerCertificate` is one. */
type CheckServerIdentity = {
  check(hostname: string, certificate: PeerCertificate): Error | undefined
}['check']

export interface PreSharedKey {
  readonly psk: ArrayBufferView
  readonly identity: string
}

export type TlsVersion = 'TLSv1.3' | 'TLSv1.2' | 'TLSv1.1' | 'TLSv1'

/** TLS options; the runtime's documentation says what each does. */
export interface TlsOptions {
  // — whom to trust, and how the peer is checked —
  readonly ca?: Pem | readonly Pem[] | undefined
  readonly crl?: Pem | readonly Pem[] | undefined
  readonly rejectUnauthorized?: boolean | undefined
  readonly servername?: string | undefined
  readonly allowPartialTrustChain?: boolean | undefined
  readonly checkServerIdentity?: CheckServerIdentity | undefined
  // — who we are —
  readonly cert?: Pem | readonly Pem[] | undefined
  readonly key?:
    | Pem
    | readonly (Pem | { readonly pem: Pem; readonly passphrase?: string | undefined })[]
    | undefined
  readonly pfx?:
    | Pem
    | readonly (Pem | { readonly buf: Pem; readonly passphrase?: string | undefined })[]
    | undefined
  readonly passphrase?: string | undefined
  readonly clientCertEngine?: string | undefined
  readonly privateKeyEngine?: string | undefined
  readonly privateKeyIdentifier?: string | undefined
  readonly pskCallback?: ((hint: string | null) => PreSharedKey | null) | undefined
  // — what is offered —
  readonly minVersion?: TlsVersion | undefined
  readonly maxVersion?: TlsVersion | undefined
  readonly secureProtocol?: string | undefined
  readonly secureOptions?: number | undefined
  readonly ciphers?: string | undefined
  readonly ecdhCurve?: string | undefined
  readonly sigalgs?: string | undefined
  readonly dhparam?: Pem | undefined
  readonly minDHSize?: number | undefined
  readonly honorCipherOrder?: boolean | undefined
  readonly requestOCSP?: boolean | undefined
  readonly sessionIdContext?: string | undefined
  readonly sessionTimeout?: number | undefined
  readonly ticketKeys?: Uint8Array | undefined
  /** A context made by `tls.createSecureContext`: it stands for all that contexts are made of. */
  readonly secureContext?: object | undefined
  // — the socket beneath —
  readonly lookup?: ((...asked: never) => unknown) | undefined
  readonly family?: number | undefined
  readonly hints?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly autoSelectFamily?: boolean | undefined
  readonly autoSelectFamilyAttemptTimeout?: number | undefined
  readonly keepAlive?: boolean | undefined
  readonly keepAliveInitialDelay?: number | undefined
  readonly highWaterMark?: number | undefined
  readonly enableTrace?: boolean | undefined
}
