/**
 * Which version of HTTP an origin gets: what TLS chose, what prior knowledge
 * says in plain text, or what the server demanded (RFC 9113 §3.3, §7). Its one
 * rule: plain text is HTTP/1.1 unless the user knows better.
 */
import { ErrorCode } from '../../frame/registry.ts'
import type { ClientFailure } from '../failure.ts'
import type { OriginMemory } from './origin-memory.ts'

export class VersionChoice {
  readonly #memory: OriginMemory
  readonly #secure: boolean
  /** Plain text is HTTP/2 with prior knowledge. */
  readonly #h2c: boolean

  constructor(memory: OriginMemory, secure: boolean, h2c: boolean) {
    this.#memory = memory
    this.#secure = secure
    this.#h2c = h2c
  }

  /** True if a connection is expected to carry one request at a time. */
  get serial(): boolean {
    if (!this.#secure) return !this.#h2c
    return this.#memory.http1Required || this.#memory.http1Chosen
  }

  /** Whether a connection on which TLS chose this is HTTP/2. */
  isHttp2(alpn: string | undefined): boolean {
    if (!this.#secure) return this.#h2c
    this.#memory.http1Chosen = alpn !== 'h2'
    return alpn === 'h2'
  }

  /** True if the failure says that the server wants HTTP/1.1: from now on it gets that. */
  heeds({ errorCode, initiator }: ClientFailure): boolean {
    if (errorCode !== ErrorCode.HTTP_1_1_REQUIRED || initiator !== 'peer') return false
    if (this.#h2c && !this.#secure) return false
    this.#memory.http1Required = true
    return true
  }
}
