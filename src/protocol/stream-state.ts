/**
 * The life of a stream (RFC 9113 §5.1) as one table, for a client. A cell holds
 * the next state, or the verdict on an input that is not a transition: in
 * HTTP/2 the question is seldom "where next" and mostly "what does this late
 * frame deserve". Where §5.1 only permits a reaction, the cell is the choice.
 *
 * `closed` is three rows, for what may still arrive depends on how it closed.
 * Flow control, pause and GOAWAY are not states: they live where they belong.
 */

export const IDLE = 0
export const OPEN = 1
export const HALF_CLOSED_LOCAL = 2
export const HALF_CLOSED_REMOTE = 3
export const CLOSED = 4
export const RESET_LOCAL = 5
export const RESET_REMOTE = 6
export const RESERVED_REMOTE = 7

export const SEND_HEADERS = 0
export const SEND_END = 1
export const SEND_RESET = 2
export const RECV_HEADERS = 3
export const RECV_DATA = 4
export const RECV_END = 5
export const RECV_RESET = 6
export const RECV_WINDOW_UPDATE = 7

/** Drop the frame quietly, after what it owes the connection is settled. */
export const DISCARD = 0x10
/** The caller asked for what the state forbids: a bug on our side of the border. */
export const MISUSE = 0x11
/** Stream error STREAM_CLOSED; answered once, the row becomes `resetLocal`. */
export const STREAM_CLOSED = 0x12
/** Connection error PROTOCOL_ERROR. */
export const PROTOCOL_ERROR = 0x13

/*
 * Columns: s… we send, r… we receive; H HEADERS, D DATA, E the END_STREAM flag
 * of either, R RST_STREAM, W WINDOW_UPDATE. DATA and WINDOW_UPDATE that we send
 * are decided by the scheduler and the windows, so they have no column.
 *
 *   .  discard       !  misuse
 *   S  STREAM_CLOSED on the stream      P  PROTOCOL_ERROR on the connection
 */
const TABLE = `
                     sH sE sR   rH rD rE rR rW
  0 idle              1  !  !    P  P  P  P  P
  1 open              1  2  5    1  1  3  6  1
  2 halfClosedLocal   !  !  5    2  2  4  6  2
  3 halfClosedRemote  3  4  5    S  S  S  6  3
  4 closed            !  !  .    S  S  S  .  .
  5 resetLocal        !  !  .    .  .  .  .  .
  6 resetRemote       !  !  .    S  S  S  .  .
  7 reservedRemote    !  !  5    2  P  P  6  P
`

const VERDICTS: Readonly<Record<string, number>> = {
  '.': DISCARD,
  '!': MISUSE,
  S: STREAM_CLOSED,
  P: PROTOCOL_ERROR,
}

/** Names of the inputs, in column order. */
export const INPUTS: readonly string[] = rows()[0]!
/** Names of the states, in row order. */
export const STATES: readonly string[] = rows()
  .slice(1)
  .map((row) => row[1]!)

const WIDTH = INPUTS.length
const cells = new Uint8Array(
  rows()
    .slice(1)
    .flatMap((row) => row.slice(2).map((cell) => VERDICTS[cell] ?? Number(cell))),
)

function rows(): string[][] {
  return TABLE.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
}

/** The next state (below 0x10), or a verdict that leaves the state as it is. */
export function step(state: number, input: number): number {
  return cells[state * WIDTH + input]!
}

/** The diagram of RFC 9113 §5.1 as this table has it, in Mermaid. */
export function diagram(): string {
  const lines = ['stateDiagram-v2']
  for (const [state, name] of STATES.entries()) {
    for (const [input, label] of INPUTS.entries()) {
      const next = step(state, input)
      if (next < DISCARD && next !== state) lines.push(`  ${name} --> ${STATES[next]}: ${label}`)
    }
  }
  return lines.join('\n')
}
