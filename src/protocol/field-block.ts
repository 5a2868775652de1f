/**
 * Field blocks as they arrive (RFC 9113 §4.3): HEADERS or PUSH_PROMISE and
 * their CONTINUATIONs, put together within limits and decoded in wire order,
 * each of them, whoever wants it: the peer's HPACK table already counts it.
 */
import { OutputBuffer } from '../bytes.ts'
import { ErrorCode } from '../frame/registry.ts'
import { ABANDONED, Decoder, OVERSIZE } from '../hpack/decoder.ts'
import type { Violation } from './violation.ts'

/** The limits that concern field blocks; see `limits.ts`. */
export interface FieldBlockLimits {
  readonly maxHeaderFields: number
  readonly maxFieldBlockSize: number
  readonly maxContinuationFrames: number
}

export class FieldBlockReader {
  readonly #decoder: Decoder
  readonly #limits: FieldBlockLimits
  /** Fragments of a block in several frames; empty between blocks. */
  readonly #fragments = new OutputBuffer(0)
  #continuations = 0

  // Facts of the block being received, written by `begin`.
  streamId = 0
  endStream = false
  /** 0 unless the block came with PUSH_PROMISE. */
  promisedStreamId = 0

  // The result, written by `finish`.
  /** Undefined once they were taken: an idle connection keeps nothing of its last response. */
  #fields: string[] | undefined = undefined
  /** True if the section passed a limit: there are no fields to take. */
  oversize = false

  constructor(maxHeaderListSize: number, limits: FieldBlockLimits) {
    this.#decoder = new Decoder({ maxHeaderListSize, maxFields: limits.maxHeaderFields })
    this.#limits = limits
  }

  /** Our SETTINGS_HEADER_TABLE_SIZE was acknowledged. */
  setMaxTableSize(size: number): void {
    this.#decoder.setMaxTableSize(size)
  }

  /** A larger SETTINGS_MAX_HEADER_LIST_SIZE of ours was acknowledged. */
  raiseMaxHeaderListSize(size: number): void {
    this.#decoder.raiseMaxHeaderListSize(size)
  }

  begin(streamId: number, endStream: boolean, promisedStreamId: number): void {
    this.streamId = streamId
    this.endStream = endStream
    this.promisedStreamId = promisedStreamId
    this.#continuations = 0
  }

  /** Counts a CONTINUATION frame, empty or not. */
  continuation(): Violation | undefined {
    this.#continuations += 1
    if (this.#continuations <= this.#limits.maxContinuationFrames) return undefined
    return calm(`more than ${this.#limits.maxContinuationFrames} CONTINUATION frames`)
  }

  /** Keeps a fragment of a block that is not complete. */
  append(buf: Uint8Array, start: number, end: number): Violation | undefined {
    if (this.#fragments.length + (end - start) > this.#limits.maxFieldBlockSize) return tooLarge()
    this.#fragments.copy(buf, start, end)
    return undefined
  }

  /** Decodes the block, whose last (or only) fragment this is. */
  finish(buf: Uint8Array, start: number, end: number): Violation | undefined {
    if (this.#fragments.length === 0) {
      return end - start > this.#limits.maxFieldBlockSize ? tooLarge() : this.#decode(buf, start, end)
    }
    const violation = this.append(buf, start, end)
    if (violation !== undefined) return violation
    const block = this.#fragments.take()
    const broken = this.#decode(block, 0, block.length)
    this.#fragments.release()
    return broken
  }

  /** The fields, once for each block that was finished and is not oversize. */
  takeFields(): string[] {
    const fields = this.#fields!
    this.#fields = undefined
    return fields
  }

  /** Names of the fields that came as never-indexed (RFC 7541 §6.2.3); undefined for none. To be asked before the fields are changed. */
  neverIndexed(fields: readonly string[]): string[] | undefined {
    const { neverIndexed } = this.#decoder
    return neverIndexed.length === 0 ? undefined : neverIndexed.map((position) => fields[position * 2]!)
  }

  #decode(buf: Uint8Array, start: number, end: number): Violation | undefined {
    const fields: string[] = []
    let outcome: number
    try {
      outcome = this.#decoder.decodeInto(buf, start, end, fields)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return {
        errorCode: ErrorCode.COMPRESSION_ERROR,
        reason: `field block not decodable: ${reason} (RFC 9113 §4.3)`,
        cause,
      }
    }
    if (outcome === ABANDONED) return tooLarge()
    this.oversize = outcome === OVERSIZE
    this.#fields = this.oversize ? undefined : fields
    return undefined
  }
}

function tooLarge(): Violation {
  return calm('field section far beyond MAX_HEADER_LIST_SIZE')
}

function calm(what: string): Violation {
  return { errorCode: ErrorCode.ENHANCE_YOUR_CALM, reason: `${what} (RFC 9113 §10.5.1)` }
}
