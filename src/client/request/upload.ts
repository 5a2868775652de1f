/**
 * The content of a request on its way into the engine, piece by piece
 * (RFC 9113 §8.1). Its one rule: no more than `HIGH_WATER` octets wait in the
 * engine, and a content-length that was announced is kept to the octet.
 */
import type { FieldList, RequestStream } from '../../protocol/index.ts'
import { bodyFailed, type ClientFailure, type Ending, errorOf, Rejection } from '../failure.ts'
import { type Body, isPromiseLike, type PieceSource, pieceBytes } from './request-body.ts'
import { fieldList, type HeadersInput } from './request-head.ts'

/** Octets waiting in the engine beyond which a source is not asked for more. */
export const HIGH_WATER = 262_144

/** Fields behind the content, or a function that is called once the content was given. */
export type TrailersInput = HeadersInput | (() => HeadersInput | Promise<HeadersInput>)

/** Whom an upload works for. */
export interface UploadOwner {
  readonly stream: RequestStream
  /** So many octets were written. */
  gave(octets: number): void
  /** The request was ended. */
  ended(): void
  /** The source, or what it gave, was no good. */
  uploadFailed(ending: ClientFailure | Rejection): void
}

/** Carries one source into one stream. */
export class Upload {
  readonly #owner: UploadOwner
  readonly #source: PieceSource
  /** Octets announced, undefined if none were. */
  readonly #length: number | undefined
  readonly #trailers: TrailersInput | undefined
  /** Whether the request ends behind the source. */
  readonly #final: boolean
  /** Called once the source was taken in whole, or is not wanted any more. */
  readonly #done: (() => void) | undefined
  #given: number
  /** The source has been asked and has not answered. */
  #asked: boolean
  /** Nothing more is asked of the source. */
  #over: boolean

  constructor(
    owner: UploadOwner,
    source: PieceSource,
    length: number | undefined,
    final: boolean,
    trailers?: TrailersInput,
    done?: () => void,
  ) {
    this.#owner = owner
    this.#source = source
    this.#length = length
    this.#trailers = trailers
    this.#final = final
    this.#done = done
    this.#given = 0
    this.#asked = false
    this.#over = false
  }

  /** Asks the source for as much as the stream takes. Called at the start and whenever it takes more. */
  pump(): void {
    while (!this.#asked && !this.#over) {
      const { stream } = this.#owner
      if (!stream.writable) {
        this.stop(undefined)
        return
      }
      if (stream.queuedBytes >= HIGH_WATER) return
      try {
        const result = this.#source.next()
        if (isPromiseLike(result)) {
          this.#asked = true
          result.then(this.#answered, this.#failed)
          return
        }
        this.#accept(result)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  /** The peer or the caller stopped the request: the source is told, and nothing else happens. */
  stop(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#source.stop(reason)
    this.#done?.()
  }

  readonly #answered = (result: IteratorResult<unknown>): void => {
    this.#asked = false
    if (this.#over) return
    try {
      this.#accept(result)
    } catch (error) {
      this.#failed(error)
      return
    }
    this.pump()
  }

  readonly #failed = (error: unknown): void => {
    this.#asked = false
    if (this.#over) return
    if (error instanceof NotAPiece) this.#fail(new Rejection(error.misuse))
    else this.#fail(bodyFailed(`the body's source failed, ${textOf(error)}`, 'unknown', error))
  }

  #fail(ending: ClientFailure | Rejection): void {
    this.#over = true
    this.#source.stop(ending)
    this.#owner.uploadFailed(ending)
    this.#done?.()
  }

  #accept(result: IteratorResult<unknown>): void {
    if (result.done === true) {
      this.#finish()
      return
    }
    const bytes = checkedBytes(result.value)
    if (bytes.length === 0) return
    this.#given += bytes.length
    if (this.#length !== undefined && this.#given > this.#length) {
      this.#fail(wrongLength(this.#given, this.#length, 'or more'))
      return
    }
    const lent = this.#source.lends && typeof result.value !== 'string'
    try {
      this.#owner.stream.write(lent ? new Uint8Array(bytes) : bytes)
    } catch (misuse) {
      this.#fail(new Rejection(misuse))
      return
    }
    this.#owner.gave(bytes.length)
  }

  #finish(): void {
    if (this.#length !== undefined && this.#given < this.#length) {
      this.#fail(wrongLength(this.#given, this.#length, ''))
      return
    }
    this.#over = true
    if (this.#final) endWith(this.#owner, this.#trailers)
    this.#done?.()
  }
}

/** Tells the source of a body that nobody will ask for it; one that can be made anew holds nothing. */
export function discardBody(body: Body | undefined, ending: Ending | undefined): void {
  if (body?.open === undefined || body.replayable) return
  try {
    body.open().stop(ending === undefined ? undefined : errorOf(ending, 0))
  } catch {
    // Then it holds nothing either.
  }
}

/** Ends a request, behind it the trailers. What is wrong with them fails the upload. */
export function endWith(owner: UploadOwner, trailers: TrailersInput | undefined): void {
  const failed = (error: unknown): void =>
    owner.uploadFailed(bodyFailed(`the trailers failed, ${textOf(error)}`, 'unknown', error))
  const end = (given: HeadersInput | undefined): void => {
    let fields: FieldList | undefined
    try {
      fields = given === undefined ? undefined : fieldList(given, 'trailers')
      owner.stream.end(fields)
    } catch (error) {
      owner.uploadFailed(new Rejection(error))
      return
    }
    owner.ended()
  }
  if (typeof trailers !== 'function') {
    end(trailers)
    return
  }
  try {
    const given = trailers()
    if (isPromiseLike(given)) given.then(end, failed)
    else end(given)
  } catch (error) {
    failed(error)
  }
}

/** Marks a piece of the wrong kind: the caller's mistake, not the source's failure. */
class NotAPiece extends Error {
  readonly misuse: unknown

  constructor(misuse: unknown) {
    super()
    this.misuse = misuse
  }
}

function checkedBytes(piece: unknown): Uint8Array {
  try {
    return pieceBytes(piece)
  } catch (error) {
    throw new NotAPiece(error)
  }
}

function wrongLength(given: number, announced: number, more: string): ClientFailure {
  return bodyFailed(
    `the body has ${given} octets ${more}, content-length says ${announced} (RFC 9113 §8.1.1)`.replace(
      '  ',
      ' ',
    ),
    'unknown',
  )
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
