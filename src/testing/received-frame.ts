/** Frames as the client sent them: cut out of its bytes, field blocks put together and decoded. */

export const TYPE_NAMES: readonly string[] = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
]

/** A frame of the client's. HEADERS stands for itself and its CONTINUATIONs. */
export interface ReceivedFrame {
  /** RFC 9113 §6. */
  readonly type: number
  readonly flags: number
  readonly streamId: number
  /** As sent; of a field block its octets, without those of frames. */
  readonly payload: Uint8Array
  /** The fields of HEADERS, pseudo-header fields first; empty for other frames. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** The first value of a field. */
export function fieldOf(frame: ReceivedFrame, name: string): string | undefined {
  return frame.fields.find((field) => field[0] === name)?.[1]
}

/** One line on a frame, for messages. */
export function showFrame({ type, flags, streamId, payload, fields }: ReceivedFrame): string {
  const name = TYPE_NAMES[type] ?? `frame ${type}`
  const rest = fields.length > 0 ? fields.map(([key, value]) => `${key}=${value}`).join(' ') : hexOf(payload)
  return `${name} on stream ${streamId}, flags ${flags}, ${rest}`
}

function hexOf(payload: Uint8Array): string {
  const shown = Array.from(payload.subarray(0, 24), (octet) => octet.toString(16).padStart(2, '0')).join('')
  return `${payload.length} octets ${shown}`
}
