/**
 * The upload side of one attempt: content into one stream, at once or as the
 * caller gives it, then trailers and the end. Its one rule: whoever waits to
 * give more is told when there is room, and when there is none any more.
 */
import type { FieldList, RequestStream } from '../../protocol/index.ts'
import { type ClientFailure, Rejection } from '../failure.ts'
import type { ExchangePlan } from '../request/exchange-plan.ts'
import { expectsContinue, wantsContent } from '../request/expectation.ts'
import type { Body } from '../request/request-body.ts'
import { Senders } from '../request/senders.ts'
import { endWith, HIGH_WATER, Upload, type UploadOwner } from '../request/upload.ts'
import type { Incoming } from '../response/incoming.ts'

/** The exchange, as its upload side sees it. */
export interface SendingOwner {
  readonly plan: ExchangePlan
  readonly incoming: Incoming
  /** So many octets were written. */
  gave(octets: number): void
  /** The request was ended. */
  ended(): void
  /** The content, or its source, was no good. */
  uploadFailed(ending: ClientFailure | Rejection): void
}

export class Sending implements UploadOwner {
  readonly stream: RequestStream
  readonly #owner: SendingOwner
  #upload: Upload | undefined
  /** True once all of the request was given, or is not wanted any more. */
  #complete: boolean
  #sourced: boolean
  /** The server is asked to speak before content is sent, and has not. */
  #expects: boolean
  /** Content that waits for its word. */
  #held: { readonly body: Body; readonly final: boolean } | undefined
  /** Callers of `send`; made when there is one. */
  #senders: Senders | undefined

  /** `fields`: of the request, which may say that the server speaks first. */
  constructor(owner: SendingOwner, stream: RequestStream, fields: FieldList) {
    this.#owner = owner
    this.stream = stream
    this.#expects = expectsContinue(fields)
    this.#upload = undefined
    this.#complete = false
    this.#sourced = false
    this.#held = undefined
    this.#senders = undefined
  }

  /** True once a source of content was asked for some. */
  get sourced(): boolean {
    return this.#sourced
  }

  /** True once the caller has given all of it. */
  get complete(): boolean {
    return this.#complete && this.#upload === undefined
  }

  /** True if the caller may not give more now, or ever. */
  get taken(): boolean {
    return this.#complete || this.#upload !== undefined || this.#held !== undefined
  }

  /** True while content waits for the server's word. */
  get holds(): boolean {
    return this.#held !== undefined
  }

  /** The server said this: content that is held back may go. */
  heard(status: number): void {
    if (wantsContent(status)) this.release()
  }

  /** Content that is held back goes. */
  release(): void {
    const held = this.#held
    this.#expects = false
    if (held === undefined) return
    this.#held = undefined
    this.giveMore(held.body, held.final)
    this.#senders?.wake()
  }

  /** Octets that the engine has not sent. */
  get queued(): number {
    return this.stream.queuedBytes
  }

  /** Sends content, the last of it if `final`. Throws for a body that is no good; the request is over then. */
  give(body: Body | undefined, final: boolean): void {
    try {
      this.#give(body, final)
    } catch (error) {
      this.#owner.uploadFailed(new Rejection(error))
      throw error
    }
  }

  /** The same for one who hears of it by `whenWritable`. */
  giveMore(body: Body | undefined, final: boolean): void {
    try {
      this.give(body, final)
    } catch {
      // What is waited for rejects with it.
    }
  }

  /** All of a request at once may have to wait for the server's word. */
  #give(body: Body | undefined, final: boolean): void {
    if (this.#expects && final && body !== undefined) {
      this.#held = { body, final }
      return
    }
    const { trailers } = this.#owner.plan
    if (final) this.#complete = true
    if (body?.open !== undefined) {
      this.#sourced = true
      const source = body.open()
      const over = (): void => {
        this.#upload = undefined
        this.#senders?.wake()
      }
      this.#upload = new Upload(this, source, body.length, final, final ? trailers : undefined, over)
      this.#upload.pump()
      return
    }
    if (body?.bytes !== undefined) {
      this.stream.write(body.bytes)
      this.#owner.gave(body.bytes.length)
    }
    if (final) endWith(this, trailers)
  }

  /** Resolves once the stream takes more; rejects with what ended the exchange. */
  whenWritable(final: boolean): Promise<void> {
    const { incoming } = this.#owner
    const waits =
      this.#upload !== undefined || this.holds || (!final && this.stream.queuedBytes >= HIGH_WATER)
    if (incoming.ending !== undefined) return Promise.reject(incoming.error())
    if (!waits || incoming.ended) return Promise.resolve()
    this.#senders ??= new Senders(incoming)
    return this.#senders.wait()
  }

  /** The stream takes more. */
  writable(): void {
    if (this.#upload !== undefined) this.#upload.pump()
    else this.#senders?.wake()
  }

  /** Nothing more is sent. `reason`: what the source is told. Returns true if that leaves the request unfinished. */
  stop(reason: unknown): boolean {
    const unfinished = !this.#complete || this.#upload !== undefined
    this.#complete = true
    this.#upload?.stop(reason)
    return unfinished
  }

  /** Tells everyone who waits to give more how it ended. */
  tell(): void {
    this.#senders?.wake()
  }

  // — `UploadOwner` —

  gave(octets: number): void {
    this.#owner.gave(octets)
  }

  ended(): void {
    this.#owner.ended()
  }

  uploadFailed(ending: ClientFailure | Rejection): void {
    this.#owner.uploadFailed(ending)
  }
}
