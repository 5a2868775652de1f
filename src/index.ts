/**
 * `hyper-h2`: an HTTP/2 client written from the wire up (RFC 9113, RFC 7541).
 *
 * @example
 * import { HTTP20Connection } from 'hyper-h2'
 *
 * await using conn = new HTTP20Connection('nghttp2.org:443')
 * const stream = conn.request('GET', '/')
 * const response = await conn.getResponse(stream)
 * console.log(response.status, await response.text())
 */

export { Client, type ClientStats } from './client/faces/client.ts'
export type { ClientOptions } from './client/faces/client-options.ts'
export { HTTPConnection } from './client/faces/http-connection.ts'
export { HTTP20Connection } from './client/faces/http20-connection.ts'
export type { HTTP20Stream } from './client/faces/http20-stream.ts'
export type { HTTP20Push } from './client/faces/push/http20-push.ts'
export { fetch } from './client/faces/shared-client.ts'
export type { CookieJar } from './client/fetch/cookies.ts'
export type { Fetch } from './client/fetch/fetch.ts'
export type { FetchInit } from './client/fetch/fetch-init.ts'
export type { Middleware } from './client/fetch/fetch-middleware.ts'
export type { FetchResponse } from './client/fetch/fetch-response.ts'
export type { ConnectionState, ConnectionStats, OriginStats, SessionStats } from './client/observe/stats.ts'
export type { ClientRequestInit, SendRequest } from './client/request/client-request.ts'
export type { ConnectionInfo } from './client/request/exchange-plan.ts'
export type { Piece, RequestBody } from './client/request/request-body.ts'
export type { HeadersInput, Priority } from './client/request/request-head.ts'
export type { HTTP20RequestInit } from './client/request/request-init.ts'
export type { TrailersInput } from './client/request/upload.ts'
export type { BodyFlow, BodyReceiver } from './client/response/body-flow.ts'
export type { HTTP20Response, Informational } from './client/response/http20-response.ts'
export type { Clock } from './client/settings/clock.ts'
export type { Logger } from './client/settings/logger.ts'
export type { HTTP20ConnectionOptions } from './client/settings/options.ts'
export type { RecordOptions } from './client/settings/record.ts'
export type { Timeouts } from './client/settings/timeouts.ts'
export { version } from './client/settings/version.ts'
export {
  type FailureInitiator,
  type FailureScope,
  H2Error,
  type H2ErrorCode,
  type Processed,
  type ProxyResponse,
} from './errors.ts'
export {
  AdaptiveWindowManager,
  EagerWindowManager,
  FixedWindowManager,
  WindowManager,
  type WindowManagerFactory,
  type WindowManagerOption,
} from './protocol/window-managers.ts'
