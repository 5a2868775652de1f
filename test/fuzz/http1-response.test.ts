/** The parser of HTTP/1.1 (RFC 9112) fed with responses of every framing, whole and mutated, in any chunks. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Engine } from '../http1/engine.ts'
import { octetsOf, parsed, Recorder, single, withoutRest } from '../http1/recording.ts'
import { chunkLengths, chunks, mutate, mutations } from './mutation.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

const latin1 = (min: number, max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min, max }), { maxLength: 12 })
    .map((octets) => String.fromCharCode(...octets).replaceAll('\x7f', ''))
const spaces = fc.constantFrom('', ' ', '\t', ' \t ')
const value = latin1(0x21, 0xff)
const field = fc.record({
  name: fc.constantFrom('x', 'X-Long-Name', 'set-cookie', "!#$%&'*+-.^_`|~", 'Connection', 'Keep-Alive'),
  before: spaces,
  value,
  /** What a line that is folded goes on with. */
  folds: fc.array(value, { maxLength: 2 }),
  behind: spaces,
})
type Field = typeof field extends fc.Arbitrary<infer T> ? T : never

const framing = fc.oneof(
  fc.record({ kind: fc.constant('length' as const), zeros: fc.constantFrom('', '0', '00') }),
  fc.record({
    kind: fc.constant('chunked' as const),
    sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
    extension: fc.constantFrom('', ';a', ' ; a="b;c"', ';\x80'),
    trailers: fc.array(field, { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('until the end' as const) }),
)
const message = fc.record({
  interim: fc.array(fc.constantFrom(100, 102, 103, 199), { maxLength: 3 }),
  status: fc.constantFrom(200, 206, 299, 304, 404, 500, 999),
  reason: latin1(0x20, 0xff),
  fields: fc.array(field, { maxLength: 5 }),
  framing,
  content: fc.uint8Array({ maxLength: 60 }),
  method: fc.constantFrom('GET', 'POST', 'HEAD'),
})
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never

/** A message as it goes over the wire, line by line, and what is to be told of it. */
function wire(given: Message): { parts: string[]; told: string[] } {
  const content = String.fromCharCode(...given.content)
  const parts = given.interim.map((status) => `HTTP/1.1 ${status} \r\n\r\n`)
  const told = given.interim.map((status) => `${status} `)
  const fields = given.fields.map(plain)
  const none = given.method === 'HEAD' || given.status === 304
  parts.push(`HTTP/1.1 ${given.status} ${given.reason}\r\n`, ...given.fields.map(line))
  const { kind } = given.framing
  let trailers: string[] = []
  if (kind === 'length') {
    const length = `${given.framing.zeros}${content.length}`
    parts.push(`Content-Length: ${length}\r\n`)
    fields.push(['content-length', length])
  } else if (kind === 'chunked') {
    parts.push('Transfer-Encoding: chunked\r\n')
    fields.push(['transfer-encoding', 'chunked'])
    if (!none) trailers = given.framing.trailers.flatMap(plain)
  }
  parts.push('\r\n')
  if (!none && kind === 'chunked') parts.push(...chunked(content, given.framing))
  else if (!none) parts.push(content)
  const ends = kind === 'until the end' && !none
  const how = none ? 0 : kind === 'length' ? content.length : kind
  const last = ends || fields.some(([name, text]) => name === 'connection' && closes(text!)) ? ', last' : ''
  told.push(`${given.status} ${given.reason} [${fields.flat()}] ${how}${last}`)
  if (!none && content !== '') told.push(`content ${content}`)
  told.push(trailers.length === 0 ? 'end' : `end ${trailers}`)
  return { parts, told }
}

function closes(options: string): boolean {
  return options.split(',').some((option) => /^[ \t]*close[ \t]*$/i.test(option))
}

function line({ name, before, value, folds, behind }: Field): string {
  const more = folds.map((text) => `\r\n ${text}`).join('')
  return `${name}:${before}${value}${more}${behind}\r\n`
}

/** A field as it is told: what is folded goes on behind a space. */
function plain({ name, value, folds }: Field): string[] {
  return [name.toLowerCase(), [value, ...folds].filter((text) => text !== '').join(' ')]
}

function chunked(
  content: string,
  { sizes, extension, trailers }: { sizes: number[]; extension: string; trailers: Field[] },
): string[] {
  const parts: string[] = []
  for (let at = 0, i = 0; at < content.length; i++) {
    const piece = content.slice(at, at + sizes[i % sizes.length]!)
    at += piece.length
    parts.push(`${piece.length.toString(16)}${extension}\r\n`, `${piece}\r\n`)
  }
  return [...parts, `0${extension}\r\n`, ...trailers.map(line), '\r\n']
}

it(
  'every response is read as it was meant, however it is cut',
  async () => {
    const property = fc.property(message, chunkLengths, (given, lengths) => {
      const { parts, told } = wire(given)
      const bytes = octetsOf(parts.join(''))
      expect(parsed([bytes], given.method)).toEqual(told)
      expect(parsed(chunks(bytes, lengths), given.method)).toEqual(told)
      expect(parsed(single(bytes), given.method)).toEqual(told)
    })
    await fuzz(property, 700)
  },
  FUZZ_TIMEOUT,
)

it(
  'what was mutated is read in one way, however it is cut, in no more calls than it has lines',
  async () => {
    const property = fc.property(message, mutations, chunkLengths, (given, changes, lengths) => {
      const parts = mutate(wire(given).parts.map(octetsOf), changes)
      const bytes = octetsOf(parts.map((part) => Buffer.from(part).toString('latin1')).join(''))
      const recorder = new Recorder()
      const limits = { maxHeadSize: 300, maxFields: 8 }
      const whole = parsed([bytes], given.method, limits, recorder)
      const lines = bytes.filter((octet) => octet === 0x0a).length
      expect(recorder.calls).toBeLessThanOrEqual(lines + 4)
      for (const cut of [chunks(bytes, lengths), single(bytes)]) {
        expect(withoutRest(parsed(cut, given.method, limits))).toEqual(withoutRest(whole))
      }
    })
    await fuzz(property, 1500)
  },
  FUZZ_TIMEOUT,
)

it(
  'after any conversation a connection is free, or ended and told so once',
  async () => {
    const property = fc.property(
      fc.array(message, { minLength: 1, maxLength: 3 }),
      mutations,
      chunkLengths,
      fc.boolean(),
      (given, changes, lengths, mutated) => {
        const engine = new Engine()
        for (const one of given) {
          if (!engine.connection.free) break
          engine.ask({ method: one.method })
          engine.sent()
          const parts = wire(one).parts.map(octetsOf)
          const sent = mutated ? mutate(parts, changes) : parts
          const text = sent.map((part) => Buffer.from(part).toString('latin1')).join('')
          for (const chunk of chunks(octetsOf(text), lengths))
            engine.say(Buffer.from(chunk).toString('latin1'))
        }
        const { free } = engine.connection
        engine.hangUp()
        const ends = engine.told.filter((text) => text === 'end' || text.startsWith('failed'))
        const asked = engine.told.filter((text) => text === 'sent')
        // Each request ends once, and the connection once, at last.
        expect(ends).toHaveLength(asked.length)
        expect(engine.told.filter((text) => /^closed/.test(text))).toHaveLength(1)
        if (free) expect(engine.told.filter((text) => text === 'free')).toHaveLength(asked.length)
        if (!mutated) expect(engine.told.some((text) => text.startsWith('failed'))).toBe(false)
      },
    )
    await fuzz(property, 700)
  },
  FUZZ_TIMEOUT,
)
