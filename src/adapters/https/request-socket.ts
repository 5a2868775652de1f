/**
 * What stands where callers of `node:https` look for a request's socket: facts
 * of the connection that carries it, and a clock of its silence. One for each
 * request, as a connection carries many. Its one rule: it never touches the
 * connection; destroying it ends the request and no other.
 */
import { EventEmitter } from 'node:events'
import { isIP, Socket } from 'node:net'
import type { ConnectionInfo } from '../../index.ts'
import { familyOf } from './connection-facts.ts'
import { misuse } from './node-error.ts'
import { type SocketShape, socketLike } from './socket-shape.ts'

/** The longest time that Node's timers take. */
const LONGEST_MS = 2 ** 31 - 1

/** Whom it speaks for. */
export interface SocketOwner {
  readonly host: string
  destroy(error?: Error): unknown
}

const SocketLike: new () => EventEmitter & SocketShape = /* @__PURE__ */ socketLike(EventEmitter)

export class RequestSocket extends SocketLike {
  static {
    // Callers tell sockets from other emitters by `instanceof`. No stream's member of it works: nobody writes past HTTP.
    Object.setPrototypeOf(SocketLike.prototype, Socket.prototype)
  }

  /** True until the request is on a connection. */
  connecting: boolean
  destroyed: boolean
  readonly encrypted: boolean
  #timer: NodeJS.Timeout | undefined
  /** Milliseconds of silence that are an event; 0 for none. */
  timeout: number
  readonly #owner: SocketOwner

  constructor(owner: SocketOwner, encrypted: boolean) {
    super()
    this.connecting = false
    this.destroyed = false
    this.encrypted = encrypted
    this.timeout = 0
    this.#timer = undefined
    this.#owner = owner
  }

  // — what the request tells —

  /** The request is on a connection. `announced`: someone saw the socket connecting. */
  connected(info: ConnectionInfo, announced: boolean): void {
    this.info = info
    this.connecting = false
    this.touch()
    if (!announced) return
    const { remoteAddress } = info
    const { host } = this.#owner
    // As with node:net, an address is not looked up.
    if (isIP(host) === 0) this.emit('lookup', null, remoteAddress, isIP(remoteAddress ?? ''), host)
    this.emit('connect')
    if (this.encrypted) this.emit('secureConnect')
    this.emit('ready')
  }

  /** Something was sent or received. */
  touch(): void {
    this.#timer?.refresh()
  }

  /** The request is over. */
  close(failed: boolean): void {
    if (this.destroyed) return
    this.destroyed = true
    this.connecting = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.emit('close', failed)
  }

  // — what callers ask —

  get readable(): boolean {
    return !this.destroyed
  }

  get writable(): boolean {
    return !this.destroyed
  }

  get pending(): boolean {
    return this.connecting
  }

  get readyState(): string {
    if (this.connecting) return 'opening'
    return this.destroyed ? 'closed' : 'open'
  }

  get servername(): string | false {
    const { host } = this.#owner
    return this.encrypted && isIP(host) === 0 ? host : false
  }

  /** Address, family and port of this side; empty before they are known. */
  address(): { address?: string; family?: string; port?: number } {
    const { localAddress: address, localPort: port } = this
    if (address === undefined || port === undefined) return {}
    return { address, family: familyOf(address)!, port }
  }

  /** Emits `timeout` after so many milliseconds in which nothing of the request was sent or received; 0 for never. */
  setTimeout(ms: number, callback?: () => void): this {
    this.timeout = duration(ms)
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.timeout > 0 && !this.destroyed) {
      this.#timer = setTimeout(() => this.emit('timeout'), this.timeout)
      this.#timer.unref()
    }
    if (callback === undefined) return this
    if (this.timeout > 0) this.once('timeout', callback)
    else this.removeListener('timeout', callback)
    return this
  }

  destroy(error?: Error): this {
    this.#owner.destroy(error)
    return this
  }

  end(): this {
    return this.destroy()
  }

  destroySoon(): void {
    this.destroy()
  }

  resetAndDestroy(): this {
    return this.destroy()
  }
}

/** Milliseconds that a timer takes. Throws as Node does for what are none. */
export function duration(ms: unknown): number {
  if (typeof ms !== 'number') {
    throw misuse(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "msecs" argument must be of type number')
  }
  if (!(ms >= 0 && Number.isFinite(ms))) {
    throw misuse(RangeError, 'ERR_OUT_OF_RANGE', `The value of "msecs" is out of range: ${ms}`)
  }
  return Math.min(ms, LONGEST_MS)
}
