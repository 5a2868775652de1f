/**
 * A request's time in one sentence, with the frames that prove it. One rule:
 * the longest part is said first, and what is left out is less than a tenth.
 */
import { type Cause, type Stall, saidOf } from './cause.ts'
import type { RequestStalls } from './stalls.ts'

/** Parts that a sentence names, at most, and the share of the whole from which one is worth its words. */
const NAMED = 3
const WORTH = 0.1

/** One sentence: what took how long, and by which rows of the recording that can be seen. */
export function explain({ request, total, parts, stalls }: RequestStalls): string {
  const { method, url, stream, failure } = request
  const where = stream === 0 ? '' : ` (stream ${stream})`
  const began = `${method} ${url}${where} ${failure === undefined ? 'took' : 'failed after'} ${milliseconds(total)}`
  const told = parts.filter(({ ms }, i) => i === 0 || (i < NAMED && ms >= total * WORTH))
  const clauses = told.map(({ cause, ms }) => clause(cause, ms, stalls))
  const reason = failure === undefined ? '' : `; ${failure}`
  return clauses.length === 0 ? `${began}${reason}.` : `${began}: ${clauses.join(', ')}${reason}.`
}

function clause(cause: Cause, ms: number, stalls: readonly Stall[]): string {
  const of = stalls.filter((stall) => stall.cause === cause)
  const longest = of.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a))
  const rows = longest.rows.map((row) => `#${row}`).join(', ')
  const times = of.length > 1 ? `, ${of.length} times` : ''
  return `${milliseconds(ms)} ${saidOf(longest)}${times}${rows === '' ? '' : ` [${rows}]`}`
}

function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms >= 100 ? Math.round(ms) : Number(ms.toPrecision(3))} ms`
}
