/** One request of a recording, as plain data, and while it is put together from rows. */
import { Flag, FrameType } from '../frame/registry.ts'
import type { FrameRow } from './connection-state.ts'
import type { CodedField } from './field-blocks.ts'

/** A field section: names and values, in wire order. */
export type RecordedFields = readonly (readonly [name: string, value: string])[]

export interface RecordedRequest {
  /** 1 for the first that was asked for. */
  readonly id: number
  readonly method: string
  readonly url: string
  /** 0 if it was never given to one. */
  readonly connection: number
  /** 0 if its HEADERS were not sent. */
  readonly stream: number
  /** True for one that the peer promised (RFC 9113 §8.4). */
  readonly pushed: boolean
  /** Milliseconds since the recording's start: the call, its HEADERS, the end of its content; NaN for never. */
  readonly calledAt: number
  readonly sentAt: number
  readonly requestEndAt: number
  /** The response's HEADERS, the end of its content; NaN for never. */
  readonly responseAt: number
  readonly responseEndAt: number
  /** The end of it all; NaN while it goes on. */
  readonly settledAt: number
  readonly fields: RecordedFields
  readonly status: number
  readonly responseFields: RecordedFields
  readonly trailers: RecordedFields
  readonly informational: readonly number[]
  /** Octets of DATA, padding included. */
  readonly octetsSent: number
  readonly octetsReceived: number
  /** What is kept of the content of the response. */
  readonly content: Uint8Array | undefined
  /** Why it failed; undefined if it did not. */
  readonly failure: string | undefined
  /** How often it was sent again. */
  readonly resent: number
  /** Rows that concern it, in order. */
  readonly rows: readonly number[]
}

/** What is put together row by row. */
export type Draft = { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] } & {
  rows: number[]
  informational: number[]
  /** Pieces of the content of the response. */
  pieces: Uint8Array[]
  /** The client told of it. */
  told: boolean
}

export function newDraft(calledAt: number): Draft {
  return {
    id: 0,
    method: '',
    url: '',
    connection: 0,
    stream: 0,
    pushed: false,
    calledAt,
    sentAt: Number.NaN,
    requestEndAt: Number.NaN,
    responseAt: Number.NaN,
    responseEndAt: Number.NaN,
    settledAt: Number.NaN,
    fields: [],
    status: 0,
    responseFields: [],
    trailers: [],
    informational: [],
    octetsSent: 0,
    octetsReceived: 0,
    content: undefined,
    failure: undefined,
    resent: 0,
    rows: [],
    pieces: [],
    told: false,
  }
}

/** True for a frame that ends its side of the stream. */
export function endsStream({ type, flags }: FrameRow): boolean {
  return (type === FrameType.DATA || type === FrameType.HEADERS) && (flags & Flag.END_STREAM) !== 0
}

export function plainFields(fields: readonly CodedField[]): RecordedFields {
  return fields.map(({ name, value }) => [name, value] as const)
}
