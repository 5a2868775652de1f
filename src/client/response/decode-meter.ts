/**
 * How much a response may decode to (RFC 9110 §8.4): a few octets can stand for
 * gigabytes. Its one rule: every layer of coding is measured by itself, for what
 * one of them inflates the next may swallow.
 */
import { decodedTooLarge, errorOf } from '../failure.ts'
import type { DecodeLimits } from '../settings/limits.ts'

/** Measures one response. */
export class DecodeMeter {
  readonly streamId: number
  readonly #limits: DecodeLimits
  /** Octets that the decoders were given. */
  #arrived: number

  constructor(limits: DecodeLimits, streamId: number) {
    this.streamId = streamId
    this.#limits = limits
    this.#arrived = 0
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
