/**
 * What a dispatched request needs of its dispatcher. Its one rule: a request
 * says what became of it, and the dispatcher draws the conclusions.
 */
import type { Client, Clock } from '../../index.ts'
import type { DispatcherLike } from './contract.ts'
import type { RemoteEnd } from './diagnostics.ts'
import type { Listed } from './open-requests.ts'

/** What a request needs of its dispatcher. */
export interface RequestHost {
  readonly client: Client
  /** Who takes upgrades that HTTP/2 cannot make. */
  readonly fallback: DispatcherLike | undefined
  readonly clock: Clock | undefined
  /** Every handler gets informational responses, asked for or not. */
  readonly informational: boolean
  /** Milliseconds, where a request does not say. */
  readonly timeouts: { readonly headers?: number | undefined; readonly bodyIdle?: number | undefined }
  /** Where the origin's latest connection leads, as far as is known. */
  remoteOf(origin: string): RemoteEnd | null
  /** Tells where the origin's connection leads, once there is one. */
  whenConnected(origin: string, tell: (remote: RemoteEnd) => void): void
  /** It is answered, or will never be. Called once. */
  answered(origin: string): void
  /** Nothing more will happen to it. Called once. */
  settled(request: Listed): void
  /** A handler threw where nobody is left to be told. */
  handlerFailed(error: unknown): void
}
