/**
 * Where a response stands (RFC 9113 §8.1): any number of informational
 * responses, the final one, content, trailers; and how much content its
 * content-length still allows (§8.1.1). A second axis beside the stream state:
 * that says who may send, this says what.
 *
 * Every method returns undefined, or the rule that was broken: the message is
 * then malformed.
 */
import { InformationalCount } from './informational.ts'

/** No content-length to check against. */
export const UNKNOWN_LENGTH = -1

export class MessagePhase {
  /** True while the next field block is a response and not trailers. Ended by `response()`. */
  expectsResponse = true
  /** Octets of content still to come; `UNKNOWN_LENGTH` without content-length. Never below 0 otherwise. */
  #left = UNKNOWN_LENGTH
  /** A response that has no content whatever its fields say (RFC 9110 §6.4.1). */
  #bodiless = false
  /** Made when the first informational response comes. */
  #early: InformationalCount | undefined = undefined

  /** Octets of content still to come, or `UNKNOWN_LENGTH`. */
  get contentLeft(): number {
    return this.#left
  }

  /** True if all content has come, or none can: END_STREAM would tell nothing more. */
  get whole(): boolean {
    return !this.expectsResponse && (this.#bodiless || this.#left === 0)
  }

  /** `limit`: how many may come at once; more come with time. */
  informational(status: number, endStream: boolean, limit: number, now: number): string | undefined {
    if (status === 101) return 'status 101 (RFC 9113 §8.6)'
    if (endStream) return 'END_STREAM on an informational response (RFC 9113 §8.1)'
    this.#early ??= new InformationalCount(now)
    return this.#early.count(limit, now)
  }

  /** `contentLength`: the field's value, or `UNKNOWN_LENGTH`. `tunnel`: 2xx to CONNECT, where it means nothing. */
  response(status: number, contentLength: number, isHead: boolean, tunnel: boolean): void {
    this.expectsResponse = false
    // A tunnel has no response content, and carries what it likes (RFC 9113 §8.5).
    this.#bodiless = !tunnel && (isHead || status === 204 || status === 304)
    // RFC 9110 §9.3.6: content-length in a 2xx to CONNECT is ignored.
    this.#left = this.#bodiless || tunnel ? UNKNOWN_LENGTH : contentLength
  }

  content(length: number): string | undefined {
    if (this.expectsResponse) return 'DATA before the response HEADERS (RFC 9113 §8.1)'
    if (length === 0) return undefined
    if (this.#bodiless) return 'content in a response that has none (RFC 9110 §6.4.1)'
    if (this.#left === UNKNOWN_LENGTH) return undefined
    if (length > this.#left) return 'more content than content-length (RFC 9113 §8.1.1)'
    this.#left -= length
    return undefined
  }

  trailers(endStream: boolean): string | undefined {
    return endStream ? undefined : 'trailers without END_STREAM (RFC 9113 §8.1)'
  }

  end(): string | undefined {
    if (this.expectsResponse) return 'END_STREAM before the final response (RFC 9113 §8.1)'
    if (this.#left > 0) return 'less content than content-length (RFC 9113 §8.1.1)'
    return undefined
  }
}
