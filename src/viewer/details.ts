/** What is known of the frame that is selected: payload, fields as they were coded, tables, the arithmetic of windows. */
import type { CodedField, ConnectionFacts, RecordedFrame, TableFacts } from '../trace/index.ts'
import { element, facts } from './dom.ts'
import { count } from './numbers.ts'
import type { View } from './view.ts'

const DATA = 0
const WINDOW_UPDATE = 8
/** Octets of a payload that are shown. */
const SHOWN = 512

export function frameDetails(view: View, frame: RecordedFrame): HTMLElement[] {
  const { recording, fields } = view.model
  const before = recording.rebuild(frame.connection, frame.row - 1)
  const after = recording.rebuild(frame.connection, frame.row)
  const way = frame.direction === 'sent' ? 'sent' : 'received'
  const parts: HTMLElement[] = [
    element('h2', {}, `#${frame.row} ${frame.name}, ${way} at ${frame.time.toFixed(3)} ms`),
    element('p', { class: 'mono' }, frame.text),
  ]
  const sums = windowSums(frame, before, after)
  if (sums.length > 0) parts.push(element('h3', {}, 'Windows'), facts(sums))
  const completed = fields.get(frame.row)
  if (completed !== undefined) parts.push(...fieldParts(frame, completed, before, after))
  parts.push(element('h3', {}, 'The stream behind it'), facts(streamFacts(frame, after)))
  if (frame.payload.length > 0) {
    parts.push(element('h3', {}, 'Octets kept'), element('pre', { class: 'mono' }, hex(frame.payload)))
  }
  return parts
}

/** `65,535 − 16,384 = 49,151`, for each window that the frame changes. */
function windowSums(
  frame: RecordedFrame,
  before: ConnectionFacts,
  after: ConnectionFacts,
): [string, string][] {
  if (frame.type !== DATA && frame.type !== WINDOW_UPDATE) return []
  const received = frame.direction === 'received'
  const ours = received === (frame.type === DATA)
  const which = ours ? 'recvWindow' : 'sendWindow'
  const name = ours ? 'the peer may send' : 'we may send'
  const sums: [string, string][] = []
  if (before[which] !== after[which]) sums.push([`${name}, connection`, sum(before[which], after[which])])
  const stream = (facts: ConnectionFacts) => facts.streams.find(({ id }) => id === frame.stream)?.[which]
  const [was, is] = [stream(before), stream(after)]
  if (was !== undefined)
    sums.push([
      `${name}, stream ${frame.stream}`,
      sum(was, is ?? was + (frame.type === DATA ? -frame.length : 0)),
    ])
  return sums
}

function sum(before: number, after: number): string {
  const by = after - before
  return `${count(before)} ${by < 0 ? '−' : '+'} ${count(Math.abs(by))} = ${count(after)}`
}

function fieldParts(
  frame: RecordedFrame,
  fields: readonly CodedField[],
  before: ConnectionFacts,
  after: ConnectionFacts,
): HTMLElement[] {
  const table = element('table', {})
  const row = (cells: readonly string[], tag: 'td' | 'th'): HTMLElement =>
    element('tr', {}, ...cells.map((cell) => element(tag, {}, cell)))
  table.append(row(['field', 'coded as', 'index', 'octets'], 'th'))
  for (const { name, value, form, index, octets } of fields) {
    table.append(row([`${name}: ${value}`, form, index === 0 ? '' : String(index), String(octets)], 'td'))
  }
  const which = frame.direction === 'sent' ? 'sendTable' : 'recvTable'
  return [element('h3', {}, 'Fields'), table, ...tableParts(before[which], after[which])]
}

/** The dynamic table, and what came and went. */
function tableParts(before: TableFacts, after: TableFacts): HTMLElement[] {
  const heading = element(
    'h3',
    {},
    `Dynamic table: ${count(before.size)} → ${count(after.size)} of ${count(after.maxSize)} octets`,
  )
  if (after.fault !== undefined) return [heading, element('p', {}, `Not known: ${after.fault}`)]
  const added = Math.max(0, newEntries(before, after))
  const kept = after.entries.length - added
  const evicted = before.entries.slice(kept)
  const list = element('ol', { class: 'mono' })
  for (const [i, [name, value]] of after.entries.entries()) {
    list.append(element('li', { class: i < added ? 'added' : '' }, `${62 + i}  ${name}: ${value}`))
  }
  for (const [name, value] of evicted) list.append(element('li', { class: 'evicted' }, `${name}: ${value}`))
  return [heading, list]
}

/** Entries of `after` that were put in front of those of `before`. */
function newEntries({ entries: before }: TableFacts, { entries: after }: TableFacts): number {
  for (let added = 0; added <= after.length; added++) {
    const rest = after.slice(added)
    if (rest.every(([name, value], i) => before[i]?.[0] === name && before[i]?.[1] === value)) return added
  }
  return after.length
}

function streamFacts(frame: RecordedFrame, after: ConnectionFacts): [string, string][] {
  const stream = after.streams.find(({ id }) => id === frame.stream)
  const pairs: [string, string][] = []
  if (frame.stream > 0) pairs.push([`stream ${frame.stream}`, stream?.state ?? 'closed'])
  if (stream !== undefined) {
    pairs.push(['the peer may send', count(stream.recvWindow)], ['we may send', count(stream.sendWindow)])
  }
  pairs.push(['connection: the peer may send', count(after.recvWindow)])
  pairs.push(['connection: we may send', count(after.sendWindow)], ['streams open', count(after.openStreams)])
  return pairs
}

function hex(octets: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < Math.min(SHOWN, octets.length); at += 16) {
    const line = [...octets.subarray(at, at + 16)]
    const codes = line.map((octet) => octet.toString(16).padStart(2, '0')).join(' ')
    const text = line.map((octet) => (octet >= 32 && octet < 127 ? String.fromCharCode(octet) : '·')).join('')
    lines.push(`${at.toString(16).padStart(4, '0')}  ${codes.padEnd(47)}  ${text}`)
  }
  if (octets.length > SHOWN) lines.push(`… ${count(octets.length - SHOWN)} more`)
  return lines.join('\n')
}
