/**
 * What was learnt of origins and is of use beyond their connections: a TLS
 * session, how many streams they take, whether they want HTTP/1.1. Its one
 * rule: it is bounded, and the origin seen longest ago is forgotten first.
 */
import type { SessionCache } from '../../transport/transport.ts'

/** What is known of one origin in one security context. */
export class OriginMemory implements SessionCache {
  /** For TLS resumption. Written by the dial. */
  session: Uint8Array | undefined = undefined
  /** Requests that it took at a time; undefined before it said so. */
  streams: number | undefined = undefined
  /** Requests after which it said GOAWAY and refused the rest, the last time. Written by members. */
  drainedAfter = 0
  /** Connections in a row that it drained after so many. Written by members. */
  drains = 0
  /** How many times longer than asked for PINGs keep apart: doubled whenever the origin complains of them. */
  calm = 1
  /** Until then it is not dialled, in milliseconds on the clock. Written by the dialler. */
  dialAfter = 0
  /** Dials that failed since one succeeded. Written by the dialler. */
  dialFailures = 0
  /** True once it has said HTTP_1_1_REQUIRED (RFC 9113 §7). */
  http1Required = false
  /** True once it chose HTTP/1.1, or no protocol, in TLS. */
  http1Chosen = false
}

/** Origins that are remembered. */
const CAPACITY = 1_000

export class OriginMemories {
  readonly #memories: Map<string, OriginMemory>

  constructor() {
    this.#memories = new Map()
  }

  get size(): number {
    return this.#memories.size
  }

  /** What is known under this key, from now on the latest seen. */
  recall(key: string): OriginMemory {
    const memory = this.#memories.get(key) ?? new OriginMemory()
    this.#memories.delete(key)
    this.#memories.set(key, memory)
    if (this.#memories.size > CAPACITY) {
      for (const oldest of this.#memories.keys()) {
        this.#memories.delete(oldest)
        break
      }
    }
    return memory
  }
}
