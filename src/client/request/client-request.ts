/**
 * A request to any origin, as `Client.request` takes it.
 */

import type { HTTP20Response, Informational } from '../response/http20-response.ts'
import type { ConnectionInfo } from './exchange-plan.ts'
import type { HTTP20RequestInit } from './request-init.ts'

/** What a request has besides its URL. */
export interface ClientRequestInit extends HTTP20RequestInit {
  /** Default `GET`. `CONNECT` tunnels to the authority that the URL's path names: `https://proxy.test/target.test:443`. */
  readonly method?: string | undefined
  /**
   * Path and query to send as they stand. Default: those of the URL, which a
   * URL parser has normalised: it takes `/a/../b` for `/b`.
   */
  readonly path?: string | undefined
  /**
   * Name to send and to verify in TLS in place of the URL's host (RFC 6066 §3): for a host that was looked up
   * already. Connections are shared by requests of the same name only. Default: that of `tls`, else the host.
   */
  readonly servername?: string | undefined
  /** Called for each informational (1xx) response, before the final one (RFC 9110 §15.2). */
  readonly onInformational?: ((informational: Informational) => void) | undefined
  /** Called when the request is put on a connection, at once if one is free; again if it is sent again. */
  readonly onConnection?: ((connection: ConnectionInfo) => void) | undefined
}

/**
 * Sends one request and gives its response; follows nothing. Rejects with an
 * `H2Error`, a TypeError or RangeError for misuse, or the signal's own reason.
 */
export type SendRequest = (
  url: URL | string,
  init?: ClientRequestInit,
  /** When the caller asked for what this is a part of, in milliseconds on the client's clock; default now. */
  startedAt?: number,
) => Promise<HTTP20Response>
