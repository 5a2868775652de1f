/**
 * Nothing that a peer sends throws in a caller's hands: whatever the engine lets
 * through can be read by every getter of every face (RFC 9113 §8.2.1).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { data, type FrameSpec, headers, ScriptedPeer } from '../../src/testing/index.ts'
import type { Dial } from '../../src/testing/transport-shape.ts'
import { memoryPair } from '../../src/transport/memory.ts'
import { FACES, type Face, type Pairs, type Seen } from './faces.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** All that HTTP/2 lets stand in a name. */
const IN_NAMES = [...'!"#$%&\'()*+,-./0123456789;<=>?@[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~']
/** All that it lets stand in a value, but for white space at the edges. */
const IN_VALUES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
  (char) => !/[\0\r\n]/.test(char),
)
const MEANT =
  /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|http2-settings|te|content-length|content-encoding|location|set-cookie|trailer|expect)$/

const name = fc.oneof(
  fc.constantFrom(
    'x(y)',
    'foo[bar]',
    'a@b',
    'x=y',
    'a"b',
    'a,b',
    '{id}',
    'x/y',
    'constructor',
    '__proto__',
    'hasownproperty',
    'then',
    'x-a',
  ),
  fc.array(fc.constantFrom(...IN_NAMES), { minLength: 1, maxLength: 70 }).map((chars) => chars.join('')),
)
const value = fc
  .array(fc.constantFrom(...IN_VALUES), { maxLength: 12 })
  .map((chars) => chars.join('').replace(/^[ \t]+|[ \t]+$/g, ''))
const fields = fc.array(
  fc.tuple(
    name.filter((text) => !MEANT.test(text)),
    value,
  ),
  { maxLength: 6 },
)

/** What a response may be made of. */
interface Answer {
  readonly early: Pairs | undefined
  readonly fields: Pairs
  readonly trailers: Pairs | undefined
}
const answer: fc.Arbitrary<Answer> = fc.record({
  early: fc.option(fields, { nil: undefined }),
  fields,
  trailers: fc.option(fields, { nil: undefined }),
})

const withFields = (spec: ReturnType<typeof headers>, pairs: Pairs): ReturnType<typeof headers> =>
  pairs.reduce((made, [key, text]) => made.field(key, text), spec)

function framesOf(id: number, { early, fields, trailers }: Answer): FrameSpec[] {
  const frames: FrameSpec[] = []
  if (early !== undefined) frames.push(withFields(headers(id).status(103), early))
  frames.push(withFields(headers(id).status(200).field('x-kept', 'v'), fields))
  if (trailers === undefined) frames.push(data(id, 'hi').endStream())
  else frames.push(data(id, 'hi'), withFields(headers(id).field('x-kept', 't'), trailers).endStream())
  return frames
}

async function overHttp2(face: Face, made: Answer): Promise<Seen> {
  const peer = new ScriptedPeer()
  const seen = face.ask(peer.dial, {})
  const { streamId } = await peer.until(headers())
  peer.send(...framesOf(streamId, made))
  return seen
}

function expectReadable(seen: Seen, made: Answer): void {
  expect([seen.status, seen.text, seen.fields['x-kept']]).toEqual([200, 'hi', 'v'])
  if (made.trailers !== undefined && seen.trailers !== undefined) expect(seen.trailers['x-kept']).toBe('t')
  for (const each of [seen.fields, seen.trailers ?? {}]) {
    for (const key of Object.keys(each)) expect(key).toMatch(TOKEN)
  }
  for (const [key, text] of made.fields) {
    if (TOKEN.test(key) && key !== '__proto__') expect(seen.fields[key], key).toContain(text)
  }
}

describe.each(FACES.map((face) => [face.name, face] as const))('%s', (_name, face) => {
  test('reads whatever the engine lets through', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (made) => expectReadable(await overHttp2(face, made), made)),
      { seed: 9113, numRuns: 60 },
    )
  })

  test.each(['constructor', '__proto__', 'x(y)'])(
    'reads a field called %s, wherever it stands',
    async (key) => {
      const one: Pairs = [[key, 'a'], [key, 'b']] // biome-ignore format: a pair of pairs
      const made = { early: one, fields: one, trailers: one }
      const seen = await overHttp2(face, made)
      expectReadable(seen, made)
      if (key === 'constructor') expect(seen.fields.constructor).toBe('a, b')
    },
  )

  test('reads them over HTTP/1.1, or fails', async () => {
    const head = (...lines: string[]) =>
      `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n`
    const body = '2\r\nhi\r\n0\r\nConstructor: t\r\n__proto__: t\r\n\r\n'
    const fine = `HTTP/1.1 103 Early\r\nconstructor: e\r\n\r\n${head('x-kept: v', 'Constructor: a', '__proto__: b')}${body}`
    const seen = await face.ask(saying(fine), {})
    expect([seen.status, seen.text, seen.fields['x-kept'], seen.fields.constructor]).toEqual([
      200,
      'hi',
      'v',
      'a',
    ])
    for (const line of ['x(y): v', 'a@b: v', 'x y: v', 'x: a\0b', 'x: a\x01b', ': v']) {
      const text = await face.ask(saying(head('x-kept: v', line) + body), {}).then((one) => one.text, () => 'failed') // biome-ignore format: short
      expect(['hi', 'failed'], line).toContain(text)
    }
  })
})

/** A server of HTTP/1.1 that says this to the first request. */
function saying(text: string): Dial {
  return async () => {
    const [client, server] = memoryPair({ alpn: 'http/1.1' })
    let said = false
    server.start({
      onChunk() {
        if (!said) server.write(Buffer.from(text, 'latin1'), () => {})
        said = true
      },
      onEnd: () => server.end(),
      onClosed() {},
    })
    return client as never
  }
}
