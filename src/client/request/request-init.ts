/**
 * A request as callers write it, taken apart: plan, head and body. Its one
 * rule: what is wrong with it throws here, before anything is sent.
 */
import { decimal } from '../../protocol/field-rules.ts'
import { checkSentTrailers } from '../../protocol/fields-sent.ts'
import { checkRequest, type RequestHead } from '../../protocol/index.ts'
import { inContext } from '../context.ts'
import type { Decoding } from '../settings/limits.ts'

import { type TimeLimits, type Timeouts, timeLimits } from '../settings/timeouts.ts'
import type { ExchangePlan } from './exchange-plan.ts'
import { type Body, type RequestBody, takeBody } from './request-body.ts'
import {
  addField,
  fieldList,
  firstValue,
  type HeadDefaults,
  type HeadersInput,
  has,
  type NamesGiven,
  type Priority,
  requestHead,
} from './request-head.ts'
import type { TrailersInput } from './upload.ts'

/** What a request has besides method and path. */
export interface HTTP20RequestInit {
  /** A record, pairs, or `Headers`. Names in any case. */
  readonly headers?: HeadersInput | undefined
  /** String, bytes, `Blob`, `URLSearchParams`, `FormData`, Web or Node stream, (async) iterable of bytes or strings, or a function that gives one of these. */
  readonly body?: RequestBody | null | undefined
  /** Fields behind the body, or a function that is called once the body was given. */
  readonly trailers?: TrailersInput | undefined
  /** Aborting it gives the request up; promises reject with the signal's own reason. */
  readonly signal?: AbortSignal | null | undefined
  /** RFC 9218. */
  readonly priority?: Priority | undefined
  /** Milliseconds; what is missing is as the connection has it. */
  readonly timeouts?: Timeouts | undefined
  /** `:protocol` of an extended CONNECT (RFC 8441 §4). */
  readonly protocol?: string | undefined
}

/** A request that can be opened. */
export interface PlannedRequest {
  readonly plan: ExchangePlan
  readonly head: RequestHead
  readonly body: Body | undefined
  /** False if more may be sent than `body`. */
  readonly final: boolean
}

/** True if the request is complete with its head, but for trailers. */
export function isEmpty({ body, final }: PlannedRequest): boolean {
  return final && (body === undefined || body.bytes?.length === 0)
}

/** Throws TypeError for a request that no connection may send: it waits for one, and its caller should hear of it now. */
export function checkPlanned(planned: PlannedRequest): void {
  checkRequest(planned.head, isEmpty(planned))
}

const NAMES: ReadonlySet<string> = new Set([
  'headers',
  'body',
  'trailers',
  'signal',
  'priority',
  'timeouts',
  'protocol',
])
const NO_INIT: HTTP20RequestInit = {}
/** Methods whose requests say so if they have no content (RFC 9110 §8.6). */
const MEANT_TO_HAVE_CONTENT: readonly string[] = ['POST', 'PUT', 'PATCH']

/** Takes a request apart. Throws TypeError or RangeError that names what is wrong. */
export function planRequest(
  defaults: HeadDefaults,
  limits: TimeLimits,
  decoding: Decoding | undefined,
  method: string,
  path: string,
  init: HTTP20RequestInit = NO_INIT,
  options: ReadonlySet<string> = NAMES,
): PlannedRequest {
  if (init !== NO_INIT) checkInit(init, options)
  const { body: given, trailers } = init
  const body = given === undefined || given === null ? undefined : takeBody(given)
  const names: NamesGiven = { written: undefined }
  let fields = init.headers === undefined ? undefined : fieldList(init.headers, 'headers', names)
  if (body !== undefined) fields = describeBody(fields ?? [], body)
  else if (MEANT_TO_HAVE_CONTENT.includes(method) && trailers === undefined) {
    fields ??= []
    if (!has(fields, 'content-length')) addField(fields, 'content-length', '0')
  }
  if (trailers !== undefined && typeof trailers !== 'function') {
    checkSentTrailers(fieldList(trailers, 'trailers'))
  }
  const plan: ExchangePlan = {
    method,
    path,
    limits: init.timeouts === undefined ? limits : timeLimits(init.timeouts, limits),
    signal: init.signal ?? undefined,
    trailers: typeof trailers === 'function' ? inContext(trailers) : trailers,
    decoding,
  }
  const { priority, protocol } = init
  const head = requestHead(defaults, method, path, fields, priority, protocol, names.written)
  const length = body === undefined ? undefined : announcedLength(head, body)
  // A tunnel stays open for what is sent later (RFC 9113 §8.5).
  const final = method !== 'CONNECT' || body !== undefined
  return { plan, head, body: body && { ...body, length }, final }
}

/** The names of a request's options, and others. */
export function initNames(...others: string[]): ReadonlySet<string> {
  return new Set([...NAMES, ...others])
}

function checkInit(init: HTTP20RequestInit, names: ReadonlySet<string>): void {
  if (typeof init !== 'object' || init === null) throw new TypeError('init must be an object')
  for (const name in init) {
    // What others have put on every object is nobody's option.
    if (!names.has(name) && !(name in Object.prototype)) {
      throw new TypeError(`${name} is not an option of a request; known are ${[...names].join(', ')}`)
    }
  }
  const { signal } = init
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
}

/** Adds what the caller did not say of the body. */
export function describeBody(fields: string[], body: Body): string[] {
  if (body.length !== undefined && !has(fields, 'content-length')) {
    addField(fields, 'content-length', String(body.length))
  }
  if (body.type !== undefined && !has(fields, 'content-type')) addField(fields, 'content-type', body.type)
  return fields
}

/** The octets that the content must have. Throws RangeError if bytes that are there are not as many. */
export function announcedLength(head: RequestHead, body: Body): number | undefined {
  const text = firstValue(head.fields, 'content-length')
  if (text === undefined) return undefined
  const announced = decimal(text)
  if (Number.isNaN(announced)) {
    throw new TypeError(`content-length must be one number (RFC 9110 §8.6), not ${text.slice(0, 64)}`)
  }
  if (body.length !== undefined && body.length !== announced) {
    throw new RangeError(`content-length ${announced} differs from the body's ${body.length} octets`)
  }
  return announced
}
