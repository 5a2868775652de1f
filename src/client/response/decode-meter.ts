/**
 * How much a response may decode to (RFC 9110 §8.4): a few octets can stand for
 * gigabytes. Its one rule: every layer of coding is measured by itself, for what
 * one of them inflates the next may swallow.
 */
import { decodedTooLarge, errorOf } from '../failure.ts'
import type { Decoding } from '../settings/limits.ts'

/** How many times `freeSize` all responses of a client may decode to beyond their ratio. */
const SHARED = 8
/** The part of `freeSize` that each response may have of that without being counted. */
const UNCOUNTED = 1 / 32
/** The part of `freeSize` that is forgiven in a millisecond. */
const FORGIVEN = 1 / 2_000

/** Measures one response. */
export class DecodeMeter {
  readonly streamId: number
  readonly #limits: Decoding
  /** Octets that the decoders were given. */
  #arrived: number
  /** Octets that it has drawn of what all responses share. */
  #drawn: number

  constructor(limits: Decoding, streamId: number) {
    this.streamId = streamId
    this.#limits = limits
    this.#arrived = 0
    this.#drawn = 0
  }

  /** Content that was cut is no error. */
  get partial(): boolean {
    return this.#limits.partial
  }

  /** Octets go to the decoders. */
  arrived(count: number): void {
    this.#arrived += count
  }

  /** Passes on what one decoder gives, up to the limits: then the decoder is let go, and an `H2Error` thrown. */
  layer(decoder: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return new Layer(this, decoder[Symbol.asyncIterator]())
  }

  /** Throws if a layer may not have given so much by now. */
  check(given: number): void {
    const { maxSize, maxRatio, freeSize } = this.#limits
    if (given > maxSize) {
      throw errorOf(decodedTooLarge(`more than ${maxSize} octets (limits.maxDecodedSize)`), this.streamId)
    }
    if (given > freeSize && given > maxRatio * this.#arrived) {
      const what = `more than ${maxRatio} times its ${this.#arrived} octets (limits.maxDecodedRatio)`
      throw errorOf(decodedTooLarge(what), this.streamId)
    }
    const excess = given - maxRatio * this.#arrived - freeSize * UNCOUNTED
    if (excess > this.#drawn) this.#draw(excess - this.#drawn)
  }

  /** Takes of what all responses share: one below its own limits may be one of many. */
  #draw(count: number): void {
    const { clock, freeSize, tally } = this.#limits
    const now = clock.now()
    tally.drawn = Math.max(0, tally.drawn - (now - tally.at) * freeSize * FORGIVEN)
    tally.at = now
    if (tally.drawn + count > SHARED * freeSize) {
      // What it has decoded goes with it: there is room for another.
      tally.drawn -= this.#drawn
      this.#drawn = 0
      const what = `more than its part of ${SHARED} times ${freeSize} octets that all responses share (limits.freeDecodedSize)`
      throw errorOf(decodedTooLarge(what), this.streamId)
    }
    tally.drawn += count
    this.#drawn += count
  }
}

/** What one decoder gives. */
class Layer implements AsyncIterableIterator<Uint8Array> {
  readonly #meter: DecodeMeter
  readonly #decoder: AsyncIterator<Uint8Array>
  #given: number

  constructor(meter: DecodeMeter, decoder: AsyncIterator<Uint8Array>) {
    this.#meter = meter
    this.#decoder = decoder
    this.#given = 0
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const next = await this.#decoder.next()
    if (next.done === true) return next
    this.#given += next.value.length
    try {
      this.#meter.check(this.#given)
    } catch (error) {
      await this.return()
      throw error
    }
    return next
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#decoder.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
