/**
 * No parser of what a peer or a caller gives takes more than linear work: twice
 * as much of it takes twice as many steps of our own code. The expressions in
 * them are checked by `npm run regexes`.
 */
import { expect, test } from 'vitest'
import { fieldsOf } from '../../src/adapters/axios/fields.ts'
import { fullUrl } from '../../src/adapters/axios/url.ts'
import { joined } from '../../src/adapters/https/incoming-message.ts'
import { targetOf } from '../../src/adapters/https/request-target.ts'
import { headersRecord, rawHeaders } from '../../src/adapters/undici/raw-headers.ts'
import { readFields } from '../../src/client/fetch/fetch-fields.ts'
import { matchesIntegrity } from '../../src/client/fetch/integrity.ts'
import { isExcepted } from '../../src/client/pool/no-proxy.ts'
import { formDataBlob } from '../../src/client/request/multipart.ts'
import { fieldList, HeadDefaults, requestHead } from '../../src/client/request/request-head.ts'
import { isCoded } from '../../src/client/response/decompress.ts'
import { readableFields } from '../../src/client/response/readable-fields.ts'
import { parseTarget } from '../../src/client/settings/target.ts'
import { Decoder } from '../../src/hpack/index.ts'
import { FieldReader } from '../../src/protocol/fields-received.ts'
import { checkSentFields, checkSentTrailers } from '../../src/protocol/fields-sent.ts'
import { ProxyReply } from '../../src/transport/proxy-reply.ts'
import { parseProxy } from '../../src/transport/proxy-url.ts'
import { EnginePair } from '../support/engine.ts'
import { stepsOf } from '../support/steps.ts'
import { block, CONTINUATION, concat, END_HEADERS, frame, HEADERS, response } from '../support/wire.ts'

const repeat = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))
const attempt = (call: () => unknown): void => {
  try {
    call()
  } catch {
    // Refusing it may cost as little.
  }
}
/** Too long to be remembered. */
const named = (i: number) => `x-${i}-${'y'.repeat(64)}`
const octets = (text: string) => Buffer.from(text, 'latin1')
const defaults = new HeadDefaults(parseTarget('a.test', true), true)
const TOLD = { onNotice() {} }

/** What is parsed, of a size. */
const PARSERS: Readonly<Record<string, (size: number) => () => unknown>> = {
  // What a peer gives.
  'names that all differ': (size) => {
    const fields = repeat(size, (i) => [named(i), 'v']).flat()
    return () => new FieldReader().read(fields, 0)
  },
  'content-length said again and again': (size) => {
    const fields = repeat(size, () => ['content-length', '5']).flat()
    return () => new FieldReader().read(fields, 0)
  },
  'names that are no tokens': (size) => {
    const fields = repeat(size, (i) => [`${named(i)}()`, 'v']).flat()
    return () => readableFields(fields, TOLD)
  },
  'a field block': (size) => {
    const bytes = block(repeat(size, (i) => [named(i), 'v']))
    return () => new Decoder({ maxFields: 1e6, maxHeaderListSize: 1e9 }).decode(bytes)
  },
  'a field block, an octet to a frame': (size) => {
    const bytes = block([[':status', '200'], ['x', 'y'.repeat(size)]]) // biome-ignore format: one field section
    const pieces = repeat(bytes.length - 1, (i) => frame(CONTINUATION, 0, 1, bytes.subarray(i + 1, i + 2)))
    const all = concat(
      frame(HEADERS, 0, 1, bytes.subarray(0, 1)),
      ...pieces,
      frame(CONTINUATION, END_HEADERS, 1),
    )
    const pair = EnginePair.ready({ limits: { maxContinuationFrames: 1e6 } })
    pair.open()
    pair.frames()
    return () => pair.receive(all)
  },
  'frames, an octet to a chunk': (size) => {
    const pair = EnginePair.ready()
    pair.open()
    pair.frames()
    const bytes = concat(response(1, 200), ...repeat(size, () => frame(0xee, 0, 0)))
    return () => {
      for (const octet of bytes) pair.receive(Uint8Array.of(octet))
    }
  },
  'commas of content-encoding, in many fields': (size) => {
    const fields = repeat(size, () => ['content-encoding', ','.repeat(50)]).flat()
    return () => isCoded(fields)
  },
  'commas of content-encoding, in one': (size) => () => isCoded(['content-encoding', ' ,'.repeat(size)]),
  'set-cookie, joined': (size) => {
    const raw = repeat(size, () => ['set-cookie', 'a=b']).flat()
    return () => joined(raw, false)
  },
  'a name again and again, joined': (size) => {
    const raw = repeat(size, () => ['x', 'a']).flat()
    return () => joined(raw, false)
  },
  'a name again and again, in a record': (size) => {
    const pairs = repeat(size, () => ['x', 'a'] as const)
    return () => [headersRecord(pairs), rawHeaders(pairs)]
  },
  'a proxy’s answer, an octet to a chunk': (size) => {
    const bytes = octets(`HTTP/1.1 200 Fine\r\n${repeat(size, () => 'a: b\r\n').join('')}\r\n`)
    return () => {
      const reply = new ProxyReply()
      for (const octet of bytes) reply.receive(Uint8Array.of(octet))
    }
  },
  'interim responses of a proxy, an octet to a chunk': (size) => {
    const bytes = octets('HTTP/1.1 100 \r\n\r\n'.repeat(size / 2))
    return () => {
      const reply = new ProxyReply()
      for (const octet of bytes) reply.receive(Uint8Array.of(octet))
    }
  },
  // What a caller gives.
  'spaces inside a value, and around it': (size) => {
    const value = `${' '.repeat(size)}a${' '.repeat(size)}b${' '.repeat(size)}`
    return () => [fieldList({ x: value }), readFields({ x: value }), fieldsOf({ x: value } as never)]
  },
  'fields of a request': (size) => {
    const headers = repeat(size, (i) => [named(i), 'v'] as const)
    return () => {
      const head = requestHead(defaults, 'GET', '/', fieldList(headers), undefined, undefined)
      checkSentFields(head.fields, head.authority)
    }
  },
  'the same fields of a request': (size) => {
    const headers = repeat(
      size,
      (i) =>
        [
          ['host', 'a.test'],
          ['user-agent', ''],
        ][i % 2] as [string, string],
    )
    return () => requestHead(defaults, 'GET', '/', fieldList(headers), undefined, undefined)
  },
  'fields of fetch': (size) => () => readFields(repeat(size, (i) => [named(i), 'v'])),
  'a field of fetch, again and again': (size) => () => readFields(repeat(size, () => ['x', 'v'])),
  trailers: (size) => {
    const fields = repeat(size, (i) => [named(i), 'v']).flat()
    return () => checkSentTrailers(fields)
  },
  'a form': (size) => {
    const form = new FormData()
    for (let i = 0; i < size; i++) form.append('a\n', '"\r')
    return () => formDataBlob(form)
  },
  integrity: (size) => () =>
    matchesIntegrity(octets('x'), `sha256-${'='.repeat(size)} `.repeat(3) + ' '.repeat(size)),
  // URLs.
  'a target': (size) => () => {
    for (const char of ['@', ':', '[', ']', '/', '1', 'a']) {
      attempt(() => parseTarget(`https://${char.repeat(size)}`, undefined))
      attempt(() => parseTarget(char.repeat(size), true))
    }
  },
  'the URL of a proxy': (size) => () => {
    for (const char of ['@', ':', '[', '/', '%', 'a'])
      attempt(() => parseProxy(`http://${char.repeat(size)}`))
  },
  no_proxy: (size) => () => {
    for (const char of [' ', ',', ':', '.', '[', '1', 'a.', 'a,', '::', '/'])
      isExcepted(new URL('https://a.test/'), char.repeat(size))
  },
  'a URL of axios': (size) => () => {
    for (const char of ['/', '#', '?', '\t', 'h', 'ht\n'])
      attempt(() => fullUrl({ baseURL: `https://a.test${char.repeat(size)}`, url: char.repeat(size) }))
  },
  'the target of https.request': (size) => () => {
    for (const char of ['\u00e9', 'a', ':', '[', ']', '\u0100'])
      attempt(() => targetOf({ hostname: char.repeat(size), path: `/${char.repeat(size)}` }))
  },
}

test.each(Object.entries(PARSERS))('%s: twice as much takes twice the steps', async (_what, make) => {
  // Once for what is made at the first call.
  await stepsOf(make(50))
  const [once, twice] = [await stepsOf(make(300)), await stepsOf(make(600))]
  expect(once, 'steps are counted').toBeGreaterThan(20)
  expect(twice, `${once} steps, then ${twice}`).toBeLessThan(2.3 * once + 100)
})

test('what is quadratic is found', async () => {
  const quadratic = (size: number) => () => {
    let found = 0
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) if (j > i) found += 1
    return found
  }
  const [once, twice] = [await stepsOf(quadratic(300), '/limits/'), await stepsOf(quadratic(600), '/limits/')]
  expect(twice).toBeGreaterThan(3 * once)
})
