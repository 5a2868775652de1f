/**
 * A frame sink that writes down every call as one line, joins the pieces of a
 * DATA frame, and checks what must hold for any input: bytes in bounds, one
 * last piece per DATA frame, nothing after a connection error. Beside it, the
 * ways to cut input into chunks.
 */
import { errorName } from '../../src/frame/index.ts'
import { FrameParser, type FrameParserOptions, type FrameSink } from '../../src/frame/parser.ts'

/** Octets from hexadecimal digits; white space is ignored. */
export function octets(hex: string): Uint8Array {
  const digits = hex.replace(/\s+/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error(`not hexadecimal: ${hex}`)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}

/** Hexadecimal digits of `buf[start, end)`. */
export function hexOf(buf: Uint8Array, start = 0, end = buf.length): string {
  return Array.from(buf.subarray(start, end), (octet) => octet.toString(16).padStart(2, '0')).join('')
}

/** Hexadecimal digits of characters, an octet each. */
export function hexOfText(characters: string): string {
  return hexOf(Uint8Array.from(characters, (character) => character.charCodeAt(0)))
}

/** Whole, one byte at a time, and cut in two at each position. */
export function chunkings(bytes: Uint8Array): Uint8Array[][] {
  const ways = [[bytes], Array.from(bytes, (octet) => Uint8Array.of(octet))]
  for (let at = 1; at < bytes.length; at++) ways.push([bytes.subarray(0, at), bytes.subarray(at)])
  return ways
}

/** Parses chunks, each in memory of its own that is overwritten after the call, and returns the calls. */
export function parse(chunks: Iterable<Uint8Array>, options?: FrameParserOptions): string[] {
  const sink = new RecordingSink()
  const parser = new FrameParser(sink, options)
  feed(parser, chunks)
  return sink.result()
}

/** Hands over each chunk in memory that is overwritten after the call. */
export function feed(parser: FrameParser, chunks: Iterable<Uint8Array>): void {
  for (const chunk of chunks) {
    const borrowed = chunk.slice()
    parser.receive(borrowed)
    borrowed.fill(0xee)
  }
}

export class RecordingSink implements FrameSink {
  readonly calls: string[] = []
  /** Called within every call, with the name of the method. */
  told: (method: keyof FrameSink) => void = () => {}
  #failed = false
  #content: string | undefined

  /** The calls so far, and what is known of an unfinished DATA frame. */
  result(): string[] {
    return this.#content === undefined ? this.calls : [...this.calls, `data so far: ${this.#content}`]
  }

  #tell(method: keyof FrameSink, text: string): void {
    if (this.#failed) throw new Error(`${method} after a connection error`)
    if (this.#content !== undefined && method !== 'onData') throw new Error(`${method} within a DATA frame`)
    this.calls.push(text)
    this.told(method)
  }

  onDataStart(streamId: number, flowControlledLength: number, paddingLength: number): void {
    this.#tell('onDataStart', `dataStart ${streamId} ${flowControlledLength} ${paddingLength}`)
    this.#content = ''
  }

  onData(
    streamId: number,
    buf: Uint8Array,
    start: number,
    end: number,
    last: boolean,
    endStream: boolean,
  ): void {
    if (this.#content === undefined) throw new Error('onData without onDataStart')
    if (start === end && !last) throw new Error('an empty piece that is not the last')
    const content = this.#content + slice(buf, start, end)
    this.#content = last ? undefined : content
    if (last) this.#tell('onData', `data ${streamId} ${content}${flag('END_STREAM', endStream)}`)
    else this.told('onData')
  }

  onHeaders(
    streamId: number,
    endStream: boolean,
    endHeaders: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void {
    const flags = flag('END_STREAM', endStream) + flag('END_HEADERS', endHeaders)
    this.#tell('onHeaders', `headers ${streamId} ${slice(buf, start, end)}${flags}`)
  }

  onContinuation(streamId: number, endHeaders: boolean, buf: Uint8Array, start: number, end: number): void {
    const flags = flag('END_HEADERS', endHeaders)
    this.#tell('onContinuation', `continuation ${streamId} ${slice(buf, start, end)}${flags}`)
  }

  onPriority(streamId: number): void {
    this.#tell('onPriority', `priority ${streamId}`)
  }

  onRstStream(streamId: number, errorCode: number): void {
    this.#tell('onRstStream', `rstStream ${streamId} ${errorName(errorCode)}`)
  }

  onSettings(buf: Uint8Array, start: number, end: number): void {
    if ((end - start) % 6 !== 0) throw new Error('part of an entry')
    this.#tell('onSettings', `settings ${slice(buf, start, end)}`)
  }

  onSettingsAck(): void {
    this.#tell('onSettingsAck', 'settingsAck')
  }

  onPushPromise(
    streamId: number,
    promisedStreamId: number,
    endHeaders: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void {
    const text = `pushPromise ${streamId} ${promisedStreamId} ${slice(buf, start, end)}`
    this.#tell('onPushPromise', text + flag('END_HEADERS', endHeaders))
  }

  onPing(ack: boolean, buf: Uint8Array, start: number): void {
    this.#tell('onPing', `ping ${slice(buf, start, start + 8)}${flag('ACK', ack)}`)
  }

  onGoaway(lastStreamId: number, errorCode: number, buf: Uint8Array, start: number, end: number): void {
    this.#tell('onGoaway', `goaway ${lastStreamId} ${errorName(errorCode)} ${slice(buf, start, end)}`)
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (increment < 1) throw new Error('increment below 1')
    this.#tell('onWindowUpdate', `windowUpdate ${streamId} ${increment}`)
  }

  onAltSvc(streamId: number, buf: Uint8Array, start: number, end: number): void {
    this.#tell('onAltSvc', `altSvc ${streamId} ${slice(buf, start, end)}`)
  }

  onOrigin(streamId: number, buf: Uint8Array, start: number, end: number): void {
    this.#tell('onOrigin', `origin ${streamId} ${slice(buf, start, end)}`)
  }

  onPriorityUpdate(streamId: number, buf: Uint8Array, start: number, end: number): void {
    this.#tell('onPriorityUpdate', `priorityUpdate ${streamId} ${slice(buf, start, end)}`)
  }

  onUnknown(type: number, streamId: number, length: number): void {
    this.#tell('onUnknown', `unknown ${type} ${streamId} ${length}`)
  }

  onStreamError(streamId: number, errorCode: number, reason: string): void {
    this.#tell('onStreamError', `streamError ${streamId} ${errorName(errorCode)}: ${reason}`)
  }

  onConnectionError(errorCode: number, reason: string): void {
    this.#tell('onConnectionError', `connectionError ${errorName(errorCode)}: ${reason}`)
    this.#failed = true
  }
}

function flag(name: string, set: boolean): string {
  return set ? ` ${name}` : ''
}

function slice(buf: Uint8Array, start: number, end: number): string {
  if (!(start >= 0 && start <= end && end <= buf.length)) throw new Error(`out of bounds: ${start}, ${end}`)
  return hexOf(buf, start, end)
}
