/** The connections of a recording, as plain data. */
import type { Columns } from './columns.ts'
import { isFrame, Kind } from './event-kind.ts'
import { utf8Text } from './text.ts'

export interface RecordedConnection {
  readonly id: number
  readonly origin: string
  /** What the client knew when it stood: addresses, TLS, protocol. */
  readonly info: Readonly<Record<string, unknown>>
  /** Milliseconds since the recording's start; NaN for what was not recorded. */
  readonly dialAt: number
  readonly stoodAt: number
  readonly closedAt: number
  /** Why it failed; undefined if it did not. */
  readonly failure: string | undefined
  /** The steps of its dial, in milliseconds. */
  readonly steps: readonly { readonly name: string; readonly ms: number; readonly at: number }[]
  readonly frames: number
}

type Draft = { -readonly [K in keyof RecordedConnection]: RecordedConnection[K] } & {
  steps: { name: string; ms: number; at: number }[]
}

export function recordedConnections(columns: Columns, offsets: Uint32Array): RecordedConnection[] {
  const drafts = new Map<number, Draft>()
  for (let row = 0; row < columns.length; row++) {
    const id = columns.connection[row]!
    if (id === 0) continue
    let draft = drafts.get(id)
    if (draft === undefined) {
      draft = newDraft(id)
      drafts.set(id, draft)
    }
    if (isFrame(columns.kind[row]!)) {
      draft.frames++
      if (Number.isNaN(draft.stoodAt)) draft.stoodAt = columns.time[row]!
    } else {
      const start = offsets[row]!
      told(draft, columns, row, utf8Text(columns.heap, start, start + columns.kept[row]!))
    }
  }
  return [...drafts.values()].sort((a, b) => a.id - b.id)
}

function newDraft(id: number): Draft {
  return {
    id,
    origin: '',
    info: {},
    dialAt: Number.NaN,
    stoodAt: Number.NaN,
    closedAt: Number.NaN,
    failure: undefined,
    steps: [],
    frames: 0,
  }
}

function told(draft: Draft, columns: Columns, row: number, text: string): void {
  const [time, value] = [columns.time[row]!, columns.value[row]!]
  switch (columns.kind[row]) {
    case Kind.DIAL:
      draft.origin = text
      draft.dialAt = time
      break
    case Kind.DIAL_STEP:
      draft.steps.push({ name: text, ms: value / 1000, at: time })
      break
    case Kind.DIALLED:
      draft.stoodAt = time
      draft.info = objectOf(text)
      break
    case Kind.CLOSED:
      draft.closedAt = time
      if (value !== 0) draft.failure = text
      break
  }
}

/** Text that may come from anybody: an object, or nothing. */
function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
