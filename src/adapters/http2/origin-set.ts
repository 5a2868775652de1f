/**
 * The origins that a session's peer is authoritative for (RFC 8336 §2.3): the
 * one it was connected to, those it names, less those it answered with 421.
 */
import type { TLSSocket } from 'node:tls'
import type { SessionPart } from './contract.ts'

export class OriginSet {
  readonly #core: SessionPart
  #origins: Set<string> | undefined = undefined

  constructor(core: SessionPart) {
    this.#core = core
  }

  get #known(): Set<string> {
    this.#origins ??= new Set([this.#initial()])
    return this.#origins
  }

  #initial(): string {
    const { servername, remoteFamily, remoteAddress, remotePort } = this.#core.socket as TLSSocket & {
      servername?: string | false | null
    }
    const address = remoteFamily === 'IPv6' ? `[${remoteAddress}]` : String(remoteAddress)
    const host =
      servername === false || servername === null || servername === undefined ? address : servername
    return new URL(`https://${host}${remotePort === undefined ? '' : `:${remotePort}`}`).origin
  }

  all(): string[] {
    return [...this.#known]
  }

  add(origins: readonly string[]): void {
    for (const origin of origins) this.#known.add(origin)
  }

  remove(origin: string): void {
    if (this.#core.socket !== undefined) this.#known.delete(origin)
  }
}
