/**
 * Where a response ends, and whether the connection goes on behind it
 * (RFC 9112 §6.3, §9.3). Its one rule: the end is said once and can be read in
 * one way, or the connection ends.
 */
import { decimal, trimmed } from '../protocol/field-rules.ts'
import { type Fault, malformed } from './fault.ts'
import type { FieldSection } from './field-section.ts'
import type { StatusLine } from './status-line.ts'

/** How content is framed: a number of octets, by chunks, or by the end of the connection. */
export type Framing = number | 'chunked' | 'until the end'

/** The head of a response, understood. */
export interface ResponseHead {
  readonly status: number
  /** The reason phrase, each octet a character. */
  readonly reason: string
  readonly fields: readonly string[]
  readonly framing: Framing
  /** The connection can carry another request behind this one. */
  readonly persistent: boolean
  /** Milliseconds that the peer says it keeps an idle connection, Infinity if it does not. */
  readonly idleMs: number
}

const NO_CONTENT = 204
const NOT_MODIFIED = 304
const UNCLEAR = malformed('a length of the content that is not clear (RFC 9112 §6.3)')

/** What the first line says by itself. */
export function statusFault({ major, minor, status }: StatusLine): Fault | undefined {
  if (major !== 1 || minor > 1) return malformed('a version that is not 1.1 or 1.0 (RFC 9112 §2.3)')
  if (status === 101) {
    return malformed('status 101, where no upgrade was asked for (RFC 9110 §15.2.2)')
  }
  if (status < 100) return malformed(`status ${status} of a final response (RFC 9110 §15)`)
  return undefined
}

/** Understands a final response to `method`. */
export function responseHead(line: StatusLine, section: FieldSection, method: string): ResponseHead | Fault {
  const framing = framingOf(line, section, method)
  if (typeof framing === 'object') return framing
  const { status, reason } = line
  return {
    status,
    reason,
    fields: section.fields,
    framing,
    persistent: framing !== 'until the end' && persists(line, section) && !isFalsely204(line, section),
    idleMs: idleLimit(section),
  }
}

/** What is wrong with an informational response: it has no content, and must not announce any (RFC 9110 §8.6). */
export function informationalFault(section: FieldSection): Fault | undefined {
  return announcesContent(section)
    ? malformed('an informational response that announces content (RFC 9112 §6.1)')
    : undefined
}

/**
 * True for a 204 that announces content: it has none, but who wrote it may have
 * sent some, and what follows is anybody's guess (RFC 9112 §6.3).
 */
function isFalsely204({ status }: StatusLine, section: FieldSection): boolean {
  return status === NO_CONTENT && announcesContent(section)
}

function announcesContent(section: FieldSection): boolean {
  const length = section.valuesOf('content-length')
  return (
    (length !== undefined && lengthOf(length) !== 0) || section.valuesOf('transfer-encoding') !== undefined
  )
}

/** RFC 9112 §6.3, in its order. */
function framingOf(line: StatusLine, section: FieldSection, method: string): Framing | Fault {
  const coding = section.valuesOf('transfer-encoding')?.toLowerCase()
  const announced = section.valuesOf('content-length')
  const length = announced === undefined ? undefined : lengthOf(announced)
  if (length !== undefined && Number.isNaN(length)) return UNCLEAR
  if (coding !== undefined) {
    if (length !== undefined) return UNCLEAR
    if (line.minor === 0) return malformed('transfer-encoding in HTTP/1.0 (RFC 9112 §6.1)')
    if (coding !== 'chunked' && coding !== 'identity') {
      return malformed('a transfer coding that was not asked for (RFC 9112 §6.1)')
    }
  }
  if (method === 'HEAD' || line.status === NO_CONTENT || line.status === NOT_MODIFIED) return 0
  // What follows is of the tunnel, whatever the fields say (RFC 9110 §9.3.6).
  if (method === 'CONNECT' && line.status < 300) return 'until the end'
  if (coding === 'chunked') return 'chunked'
  return length ?? 'until the end'
}

/** The one number that `content-length` says, however often (RFC 9112 §6.3); NaN if it says anything else. */
function lengthOf(value: string): number {
  if (!value.includes(',')) return decimal(value)
  let length: number | undefined
  for (const part of value.split(',')) {
    const number = decimal(trimmed(part))
    if (length !== undefined && number !== length) return Number.NaN
    length = number
  }
  return length ?? Number.NaN
}

/** RFC 9112 §9.3. */
function persists(line: StatusLine, section: FieldSection): boolean {
  const options = section.valuesOf('connection')
  if (options === undefined) return line.minor === 1
  const words = options
    .toLowerCase()
    .split(',')
    .map((word) => trimmed(word))
  return !words.includes('close') && (line.minor === 1 || words.includes('keep-alive'))
}

/** The hint in `keep-alive`, in milliseconds. */
function idleLimit(section: FieldSection): number {
  const value = section.valuesOf('keep-alive')
  if (value === undefined) return Number.POSITIVE_INFINITY
  const match = /(?:^|[\s,;])timeout="?(\d{1,9})/i.exec(value)
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * 1000
}
