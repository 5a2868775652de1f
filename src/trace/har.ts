/**
 * HTTP Archive 1.2 of a recording: one entry for each request that was sent.
 * Its one rule: what HAR has no place for goes into fields that begin with `_`,
 * by the names that other tools give them.
 */

import type { RecordedConnection } from './connections.ts'
import { isoTime } from './iso-time.ts'
import type { RecordedFields, RecordedRequest } from './recorded-request.ts'
import type { RecordedStory } from './recorded-story.ts'
import { VERSION } from './recording-head.ts'
import type { RequestStalls } from './stalls.ts'
import { base64, utf8Text } from './text.ts'

interface HarField {
  readonly name: string
  readonly value: string
}

export interface HarTimings {
  readonly blocked: number
  readonly dns: number
  readonly connect: number
  readonly ssl: number
  readonly send: number
  readonly wait: number
  readonly receive: number
}

export interface HarEntry {
  readonly startedDateTime: string
  readonly time: number
  readonly request: {
    readonly method: string
    readonly url: string
    readonly httpVersion: string
    readonly cookies: readonly never[]
    readonly headers: readonly HarField[]
    readonly queryString: readonly HarField[]
    readonly headersSize: number
    readonly bodySize: number
  }
  readonly response: {
    readonly status: number
    readonly statusText: string
    readonly httpVersion: string
    readonly cookies: readonly never[]
    readonly headers: readonly HarField[]
    readonly content: HarContent
    readonly redirectURL: string
    readonly headersSize: number
    readonly bodySize: number
    readonly _error?: string
  }
  readonly cache: Readonly<Record<string, never>>
  readonly timings: HarTimings
  readonly connection?: string
  readonly serverIPAddress?: string
  readonly _connectionId: number
  readonly _http2_stream_id: number
  readonly _priority?: string
  readonly _chunks: readonly { readonly ts: number; readonly bytes: number }[]
  readonly _stalls: readonly { readonly cause: string; readonly from: number; readonly to: number }[]
}

interface HarContent {
  readonly size: number
  readonly mimeType: string
  readonly text?: string
  readonly encoding?: string
}

export interface Har {
  readonly log: {
    readonly version: '1.2'
    readonly creator: { readonly name: string; readonly version: string }
    readonly comment: string
    readonly entries: readonly HarEntry[]
  }
}

export function harOf(story: RecordedStory): Har {
  const connections = new Map(story.connections().map((connection) => [connection.id, connection]))
  const entries = story
    .stalls()
    .filter(({ request }) => request.method !== '')
    .map((stalls) => entryOf(story, stalls, connections.get(stalls.request.connection)))
  const comment =
    story.head.fields === 'all'
      ? 'Values of fields are shown.'
      : 'Values of fields are hidden: stars stand for as many octets.'
  return {
    log: { version: '1.2', creator: { name: 'hyper-h2', version: String(VERSION) }, comment, entries },
  }
}

function entryOf(
  story: RecordedStory,
  stalls: RequestStalls,
  connection: RecordedConnection | undefined,
): HarEntry {
  const { request, total } = stalls
  const timings = timingsOf(request, total, connection)
  const { blocked, dns, connect, send, wait, receive } = timings
  const address = connection?.info.remoteAddress
  const priority = fieldOf(request.fields, 'priority')
  return {
    startedDateTime: isoTime(story.head.epoch + request.calledAt),
    time: blocked + Math.max(0, dns) + Math.max(0, connect) + send + wait + receive,
    request: requestOf(request),
    response: responseOf(request),
    cache: {},
    timings,
    ...(request.connection > 0 && { connection: String(request.connection) }),
    ...(typeof address === 'string' && { serverIPAddress: address }),
    _connectionId: request.connection,
    _http2_stream_id: request.stream,
    ...(priority !== '' && { _priority: priority }),
    _chunks: chunksOf(story, request),
    _stalls: stalls.stalls.map(({ cause, from, to }) => ({
      cause,
      from: from - request.calledAt,
      to: to - request.calledAt,
    })),
  }
}

/** The parts of a request's time, which make up the whole; -1 for what did not happen. */
function timingsOf(
  request: RecordedRequest,
  total: number,
  connection: RecordedConnection | undefined,
): HarTimings {
  const start = request.calledAt
  const end = start + total
  const moment = (time: number, after: number): number =>
    Number.isNaN(time) ? end : Math.min(end, Math.max(after, time))
  const sent = moment(request.sentAt, start)
  const said = Math.min(moment(request.requestEndAt, sent), moment(request.responseAt, sent))
  const answered = moment(request.responseAt, said)
  const dialled = connection !== undefined && connection.stoodAt > start
  const step = (name: string): number => connection?.steps.find((one) => one.name === name)?.ms ?? 0
  let left = sent - start
  const part = (ms: number): number => {
    const taken = Math.min(left, ms)
    left -= taken
    return taken
  }
  const ssl = dialled ? part(step('tls')) : -1
  const tcp = dialled ? part(step('tcp') + step('proxy')) : -1
  const dns = dialled ? part(step('dns')) : -1
  return {
    blocked: left,
    dns,
    connect: dialled ? tcp + Math.max(0, ssl) : -1,
    ssl,
    send: said - sent,
    wait: answered - said,
    receive: end - answered,
  }
}

function requestOf(request: RecordedRequest): HarEntry['request'] {
  return {
    method: request.method,
    url: request.url,
    httpVersion: versionOf(request),
    cookies: [],
    headers: fieldsOf(request.fields),
    queryString: queryOf(request.url),
    headersSize: -1,
    bodySize: request.octetsSent,
  }
}

function responseOf(request: RecordedRequest): HarEntry['response'] {
  const mimeType = fieldOf(request.responseFields, 'content-type') || 'x-unknown'
  return {
    status: request.status,
    statusText: '',
    httpVersion: versionOf(request),
    cookies: [],
    headers: fieldsOf([...request.responseFields, ...request.trailers]),
    content: { size: request.octetsReceived, mimeType, ...textOf(request.content, mimeType) },
    redirectURL: fieldOf(request.responseFields, 'location'),
    headersSize: -1,
    bodySize: request.octetsReceived,
    ...(request.failure !== undefined && { _error: request.failure }),
  }
}

function textOf(content: Uint8Array | undefined, mimeType: string): { text?: string; encoding?: string } {
  if (content === undefined) return {}
  if (/^text\/|json|xml|javascript/i.test(mimeType)) return { text: utf8Text(content) }
  return { text: base64(content), encoding: 'base64' }
}

function versionOf({ stream }: RecordedRequest): string {
  return stream > 0 ? 'HTTP/2' : 'HTTP/1.1'
}

function fieldsOf(fields: RecordedFields): HarField[] {
  return fields.map(([name, value]) => ({ name, value }))
}

function fieldOf(fields: RecordedFields, wanted: string): string {
  return fields.find(([name]) => name === wanted)?.[1] ?? ''
}

function queryOf(url: string): HarField[] {
  const at = url.indexOf('?')
  if (at === -1) return []
  return url
    .slice(at + 1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals === -1
        ? { name: pair, value: '' }
        : { name: pair.slice(0, equals), value: pair.slice(equals + 1) }
    })
}

/** When which octets of the content came. */
function chunksOf(story: RecordedStory, request: RecordedRequest): HarEntry['_chunks'] {
  const timeline = story.timelines().get(request.connection)?.streams.get(request.stream)
  if (timeline === undefined) return []
  const { times, values } = timeline.received
  return times.map((ts, i) => ({ ts, bytes: values[i]! - (values[i - 1] ?? 0) }))
}
