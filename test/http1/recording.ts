/** What the tests of HTTP/1.1 share: all that a parser tells, as lines, and ways to cut what it is fed. */
import type { Fault } from '../../src/http1/fault.ts'
import type { ResponseHead } from '../../src/http1/framing.ts'
import { type ResponseHandler, type ResponseLimits, ResponseParser } from '../../src/http1/response-parser.ts'

export const LIMITS: ResponseLimits = { maxHeadSize: 65_536, maxFields: 256 }

/** Remembers what a parser tells. Content is joined: how it is cut is nobody's business. */
export class Recorder implements ResponseHandler {
  readonly told: string[] = []
  octets = 0
  calls = 0
  #content = ''

  tell(line: string): void {
    this.calls += 1
    if (this.#content !== '') this.told.push(`content ${this.#content}`)
    this.#content = ''
    if (line !== '') this.told.push(line)
  }

  onStatus(): void {}

  onInformational(status: number, fields: readonly string[]): void {
    this.tell(`${status} ${fields}`)
  }

  onResponse({ status, reason, fields, framing, persistent }: ResponseHead): void {
    this.tell(`${status} ${reason} [${fields}] ${framing}${persistent ? '' : ', last'}`)
  }

  onContent(buf: Uint8Array, start: number, end: number): void {
    this.calls += 1
    this.octets += end - start
    this.#content += Buffer.from(buf.subarray(start, end)).toString('latin1')
  }

  onComplete(trailers: readonly string[]): void {
    this.tell(trailers.length === 0 ? 'end' : `end ${trailers}`)
  }

  onFault({ reason, oversized }: Fault): void {
    this.tell(`${oversized ? 'oversized' : 'malformed'}: ${reason}`)
  }
}

export function octetsOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/**
 * What a parser tells of the response to `method` in these chunks: of what is
 * behind it, how many octets; of an end, whether it was one.
 */
export function parsed(
  chunks: Iterable<Uint8Array>,
  method = 'GET',
  limits: ResponseLimits = LIMITS,
  recorder = new Recorder(),
): string[] {
  const parser = new ResponseParser(recorder, limits)
  parser.begin(method)
  let behind = 0
  for (const chunk of chunks) {
    // What was lent is used again at once.
    const lent = chunk.slice()
    behind += chunk.length - parser.receive(lent)
    lent.fill(0xdb)
  }
  if (!parser.awaiting) recorder.tell(behind > 0 ? `behind it ${behind}` : '')
  else if (!parser.end() && parser.awaiting) recorder.tell('more')
  return recorder.told
}

/** Every octet alone. */
export function* single(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1)
}

/** The same verdict whole, octet by octet, and cut at each place. Returns what is told of the whole. */
export function parsedEveryWay(text: string, method = 'GET', limits: ResponseLimits = LIMITS): string[] {
  const bytes = octetsOf(text)
  const whole = parsed([bytes], method, limits)
  const others = [parsed(single(bytes), method, limits)]
  for (let at = 1; at < Math.min(bytes.length, 400); at++) {
    others.push(parsed([bytes.subarray(0, at), bytes.subarray(at)], method, limits))
  }
  const faulty = whole.some((line) => line.startsWith('malformed') || line.startsWith('oversized'))
  for (const other of others) {
    // Behind a fault nothing is counted.
    if (`${faulty ? withoutRest(other) : other}` !== `${faulty ? withoutRest(whole) : whole}`) {
      throw new Error(`cut: ${other}\nwhole: ${whole}`)
    }
  }
  return faulty ? withoutRest(whole) : whole
}

export function withoutRest(told: readonly string[]): string[] {
  return told.filter((line) => !line.startsWith('behind it'))
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
export const TOLD_OK = ['200 OK [content-length,2] 2', 'content ok', 'end']
export const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
export const TOLD_CHUNKED = '200 OK [transfer-encoding,chunked] chunked'
