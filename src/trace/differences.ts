/**
 * What changed between two recordings of the same requests: status, size, hash
 * and time, side by side. Requests belong together by method and path, and by
 * their order among equals.
 */
import type { RecordedRequest } from './recorded-request.ts'
import type { RequestStalls } from './stalls.ts'

/** A request as one of the two recordings has it. */
export interface Outcome {
  readonly status: number
  readonly octets: number
  /** Of the content, if it was kept: FNV-1a, 32 bits, in hexadecimal. */
  readonly hash: string | undefined
  readonly ms: number
  readonly failure: string | undefined
}

export interface Difference {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Undefined where there is no such request. */
  readonly before: Outcome | undefined
  readonly after: Outcome | undefined
  /** True if status, size, hash or failure differ, or one is missing; time differs always. */
  readonly changed: boolean
}

/** Compares the requests of two recordings. */
export function differencesOf(
  before: readonly RequestStalls[],
  after: readonly RequestStalls[],
): Difference[] {
  const waiting = new Map<string, RequestStalls[]>()
  for (const one of after) {
    const key = keyOf(one.request)
    waiting.set(key, [...(waiting.get(key) ?? []), one])
  }
  const differences = before.map((one) => {
    const match = waiting.get(keyOf(one.request))?.shift()
    return differenceOf(one.request, outcomeOf(one), match && outcomeOf(match))
  })
  for (const one of [...waiting.values()].flat()) {
    differences.push(differenceOf(one.request, undefined, outcomeOf(one)))
  }
  return differences
}

function differenceOf(
  request: RecordedRequest,
  before: Outcome | undefined,
  after: Outcome | undefined,
): Difference {
  const changed =
    before === undefined ||
    after === undefined ||
    before.status !== after.status ||
    before.octets !== after.octets ||
    before.hash !== after.hash ||
    (before.failure === undefined) !== (after.failure === undefined)
  return { method: request.method, path: pathOf(request.url), before, after, changed }
}

function outcomeOf({ request, total }: RequestStalls): Outcome {
  const { status, octetsReceived, content, failure } = request
  const hash = content === undefined ? undefined : hashOf(content)
  return { status, octets: octetsReceived, hash, ms: total, failure }
}

function keyOf({ method, url }: RecordedRequest): string {
  return `${method} ${pathOf(url)}`
}

function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '') || '/'
}

function hashOf(content: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const octet of content) hash = Math.imul(hash ^ octet, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/** The same as lines of text, a request each. */
export function differenceTable(differences: readonly Difference[]): string {
  const rows = differences.map(({ method, path, before, after, changed }) => [
    changed ? '≠' : '=',
    method,
    path,
    ...['status', 'octets', 'hash', 'ms'].map((key) => both(before, after, key as keyof Outcome)),
  ])
  const all = [['', 'method', 'path', 'status', 'octets', 'hash', 'ms'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function both(before: Outcome | undefined, after: Outcome | undefined, key: keyof Outcome): string {
  const [a, b] = [said(before, key), said(after, key)]
  return a === b ? a : `${a} → ${b}`
}

function said(outcome: Outcome | undefined, key: keyof Outcome): string {
  const value = outcome?.[key]
  if (value === undefined) return '–'
  return key === 'ms' ? Number(value).toFixed(1) : String(value)
}
