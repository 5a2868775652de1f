import { describe, expect, it } from 'vitest'
import { CHUNKED, LIMITS, octetsOf, parsed, parsedEveryWay, single, TOLD_CHUNKED } from './recording.ts'

const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`

/** Bytes, and a part of the only line that is told of them but for what came before. */
type Row = readonly [name: string, bytes: string, reason: string, before?: readonly string[]]

function table(rows: readonly Row[]): void {
  for (const [name, bytes, reason, before = []] of rows) {
    it(name, () => {
      const told = parsedEveryWay(bytes)
      expect([told.slice(0, -1), told.at(-1)]).toEqual([before, expect.stringContaining(reason)])
    })
  }
}

describe('what is no status line (RFC 9112 §4)', () => {
  table([
    [
      'an SSH banner',
      'SSH-2.0-x\r\n',
      'malformed: a status line that is not one (RFC 9112 §4); the peer speaks SSH',
    ],
    ['a TLS alert', '\x15\x03\x01\0\x02\x02\x46', '; the peer speaks TLS'],
    ['a frame of HTTP/2', '\0\0\x12\x04\0\0\0\0\0', '; the peer speaks HTTP/2'],
    ['less than a name', 'SSH', 'malformed: a status line that is not one (RFC 9112 §4)'],
    ['another name', 'HTTQ/1.1 200 OK\r\n\r\n', 'a status line'],
    ['a name in lower case', 'http/1.1 200 OK\r\n\r\n', 'a status line'],
    ['an empty line', '\r\nHTTP/1.1 200 OK\r\n\r\n', 'a status line'],
    ['a space in front', ' HTTP/1.1 200 OK\r\n\r\n', 'a status line'],
    ['a request', 'GET / HTTP/1.1\r\n\r\n', 'a status line'],
    ['no status', 'HTTP/1.1\r\n\r\n', 'a status line'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'a status line'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'a status line'],
    ['a status with a sign', 'HTTP/1.1 +20 OK\r\n\r\n', 'a status line'],
    ['a status in hexadecimal', 'HTTP/1.1 2f0 OK\r\n\r\n', 'a status line'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n', 'a status line'],
    ['a tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n', 'a status line'],
    ['a tab behind the status', 'HTTP/1.1 200\tOK\r\n\r\n', 'a status line'],
    ['a version of three parts', 'HTTP/1.1.1 200 OK\r\n\r\n', 'a status line'],
    ['a version without a dot', 'HTTP/11 200 OK\r\n\r\n', 'a status line'],
    ['a version of two digits', 'HTTP/1.10 200 OK\r\n\r\n', 'a status line'],
    ['a version of letters', 'HTTP/x.y 200 OK\r\n\r\n', 'a status line'],
    ['CR in the phrase', 'HTTP/1.1 200 O\rK\r\n\r\n', 'a status line'],
    ['NUL in the phrase', 'HTTP/1.1 200 O\0K\r\n\r\n', 'a status line'],
    ['DEL in the phrase', 'HTTP/1.1 200 O\x7fK\r\n\r\n', 'a status line'],
    ['LF alone', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'a status line'],
    ['HTTP/2 in text', 'HTTP/2.0 200 OK\r\n\r\n', 'a version that is not 1.1 or 1.0 (RFC 9112 §2.3)'],
    ['HTTP/0.9', 'HTTP/0.9 200 OK\r\n\r\n', 'a version that is not 1.1 or 1.0 (RFC 9112 §2.3)'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', 'a version that is not 1.1 or 1.0 (RFC 9112 §2.3)'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', 'status 99 of a final response (RFC 9110 §15)'],
    ['101', 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi', 'status 101, where no upgrade'],
  ])
})

describe('what is no field (RFC 9112 §5)', () => {
  table([
    ['a space before the colon', head('Content-Length : 2\r\n'), 'a forbidden character (RFC 9112 §5.1)'],
    [
      'a tab before the colon',
      head('Transfer-Encoding\t: chunked\r\n'),
      'a forbidden character (RFC 9112 §5.1)',
    ],
    ['a name of other octets', head('\xe4: b\r\n'), 'a forbidden character'],
    ['NUL in a name', head('Content-Length\0: 2\r\n'), 'a forbidden character'],
    ['no name', head(': b\r\n'), 'a forbidden character'],
    ['no colon', head('abc\r\n'), 'no colon (RFC 9112 §5)'],
    [
      'white space before the first field',
      head(' Content-Length: 2\r\n'),
      'before the first field (RFC 9112 §2.2)',
    ],
    ['a tab before the first field', head('\tA: b\r\n'), 'before the first field (RFC 9112 §2.2)'],
    ['CR in a value', head('A: b\rc\r\n'), 'a field value with CR or NUL (RFC 9110 §5.5)'],
    ['NUL in a value', head('A: b\0c\r\n'), 'a field value with CR or NUL (RFC 9110 §5.5)'],
    ['CR in what is folded', head('A: b\r\n c\rd\r\n'), 'a field value with CR or NUL (RFC 9110 §5.5)'],
    ['CR twice at the end', head('A: b\r\r\n'), 'a field value with CR or NUL (RFC 9110 §5.5)'],
    ['CR alone, which others take for an end', head('A: b\rTransfer-Encoding: chunked\r\n'), 'CR or NUL'],
    ['LF alone at the end', head('A: b\nC: d\r\n'), 'does not end as one (RFC 9112 §2.2)'],
    ['an empty line by LF alone', 'HTTP/1.1 200 OK\r\nA: b\r\n\nabc', 'does not end as one (RFC 9112 §2.2)'],
    ['no colon in trailers', `${CHUNKED}0\r\nabc\r\n\r\n`, 'no colon', [TOLD_CHUNKED]],
    ['LF alone in trailers', `${CHUNKED}0\r\n\n`, 'does not end as one', [TOLD_CHUNKED]],
    [
      'white space in front of trailers',
      `${CHUNKED}0\r\n A: b\r\n\r\n`,
      'before the first field',
      [TOLD_CHUNKED],
    ],
  ])
})

describe('lengths that two readers could read in two ways (RFC 9112 §6.1, §6.3)', () => {
  const UNCLEAR = 'a length of the content that is not clear (RFC 9112 §6.3)'
  const CODING = 'a transfer coding that was not asked for (RFC 9112 §6.1)'
  table([
    ['two that differ', head('Content-Length: 1\r\nContent-Length: 2\r\n'), UNCLEAR],
    ['a list of two that differ', head('Content-Length: 1, 2\r\n'), UNCLEAR],
    ['a list with nothing in it', head('Content-Length: 1,\r\n'), UNCLEAR],
    ['nothing', head('Content-Length:\r\n'), UNCLEAR],
    ['a sign', head('Content-Length: +1\r\n'), UNCLEAR],
    ['a negative one', head('Content-Length: -1\r\n'), UNCLEAR],
    ['hexadecimal', head('Content-Length: 0x1\r\n'), UNCLEAR],
    ['a fraction', head('Content-Length: 1.0\r\n'), UNCLEAR],
    ['an exponent', head('Content-Length: 1e1\r\n'), UNCLEAR],
    ['a space within', head('Content-Length: 1 2\r\n'), UNCLEAR],
    ['a fold within', head('Content-Length: 1\r\n 2\r\n'), UNCLEAR],
    ['other white space around it', head('Content-Length: \x0b1\r\n'), UNCLEAR],
    ['other white space in a list', head('Content-Length: 1,\xa01\r\n'), UNCLEAR],
    ['more than can be counted', head(`Content-Length: ${'9'.repeat(16)}\r\n`), UNCLEAR],
    ['one more than can be counted in any way', head(`Content-Length: ${'9'.repeat(400)}\r\n`), UNCLEAR],
    ['a length and chunks', head('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'), UNCLEAR],
    ['chunks and a length', head('Transfer-Encoding: chunked\r\nContent-Length: 1\r\n'), UNCLEAR],
    ['a length of 0 and chunks', head('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n'), UNCLEAR],
    ['a length and identity', head('Content-Length: 1\r\nTransfer-Encoding: identity\r\n'), UNCLEAR],
    ['another coding', head('Transfer-Encoding: gzip\r\n'), CODING],
    ['chunks and another coding', head('Transfer-Encoding: chunked, gzip\r\n'), CODING],
    ['another coding and chunks', head('Transfer-Encoding: gzip, chunked\r\n'), CODING],
    [
      'another coding and chunks, in two fields',
      head('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n'),
      CODING,
    ],
    ['chunks twice', head('Transfer-Encoding: chunked, chunked\r\n'), CODING],
    [
      'chunks twice, in two fields',
      head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
      CODING,
    ],
    ['identity and chunks', head('Transfer-Encoding: identity, chunked\r\n'), CODING],
    ['chunks with a parameter', head('Transfer-Encoding: chunked;a=b\r\n'), CODING],
    ['chunks in quotes', head('Transfer-Encoding: "chunked"\r\n'), CODING],
    ['chunks behind other white space', head('Transfer-Encoding: \x0bchunked\r\n'), CODING],
    ['xchunked', head('Transfer-Encoding: xchunked\r\n'), CODING],
    ['a fold within chunked', head('Transfer-Encoding: chun\r\n ked\r\n'), CODING],
    ['no coding', head('Transfer-Encoding:\r\n'), CODING],
    [
      'chunks in HTTP/1.0',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'in HTTP/1.0 (RFC 9112 §6.1)',
    ],
    [
      'chunks of a 103',
      'HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n',
      'an informational response that announces',
    ],
    [
      'a length of a 103',
      'HTTP/1.1 103 E\r\nContent-Length: 2\r\n\r\nok',
      'an informational response that announces',
    ],
  ])

  it.each(['HEAD', 'CONNECT'])('count in the answer to %s, too', (method) => {
    const both = head('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n')
    expect(parsedEveryWay(both, method)).toEqual([expect.stringContaining(UNCLEAR)])
  })
})

describe('what is no chunk (RFC 9112 §7.1)', () => {
  const bad = 'malformed: a chunk that is not one (RFC 9112 §7.1)'
  const rows: [name: string, rest: string][] = [
    ['letters', 'xy\r\n'],
    ['nothing', '\r\n'],
    ['a sign', '+1\r\na'],
    ['a negative size', '-1\r\na'],
    ['0x', '0x1\r\na'],
    ['white space in front', ' 1\r\na'],
    ['white space behind', '1 \r\na'],
    ['a space within', '1 1\r\na'],
    ['an underscore', '1_1\r\na'],
    ['extensions without a size', ';a=b\r\na'],
    ['CR in extensions', '1;a\rb\r\na'],
    ['LF alone behind extensions', '1;a\nb\r\na'],
    ['NUL in extensions', '1;a\0b\r\na'],
    ['LF alone behind the size', '1\na'],
    ['CR alone behind the size', '1\ra\r\n'],
    ['extensions without end', `1;${'a'.repeat(20_000)}`],
    ['zeros without end', '0'.repeat(20_000)],
    ['a size that cannot be counted', '20000000000000\r\na'],
    ['a size that wraps around in 64 bits', '10000000000000002\r\nab'],
    ['a size that wraps around in 32 bits', `${'f'.repeat(300)}\r\nab`],
  ]
  it.each(rows)('%s', (_, rest) => {
    expect(parsedEveryWay(CHUNKED + rest)).toEqual([TOLD_CHUNKED, bad])
  })

  it.each([
    ['more data than its size', '1\r\nab\r\n'],
    ['no end', '1\r\na2\r\nbc\r\n'],
    ['an end by LF alone', '1\r\na\n0\r\n\r\n'],
    ['an end by CR alone', '1\r\na\r0\r\n\r\n'],
  ])('%s', (_, rest) => {
    expect(parsedEveryWay(CHUNKED + rest)).toEqual([TOLD_CHUNKED, 'content a', bad])
  })
})

describe('more than is taken (RFC 9110 §5.4)', () => {
  const large = 'oversized: head or trailers too large (RFC 9110 §5.4)'
  const many = 'oversized: more than 256 fields (RFC 9110 §5.4)'
  const small = { ...LIMITS, maxHeadSize: 100 }
  const fits = `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ${'a'.repeat(57)}\r\n\r\n`

  it.each([
    ['a line', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`, large],
    ['a phrase', `HTTP/1.1 200 ${'O'.repeat(70_000)}`, large],
    ['many lines', `HTTP/1.1 200 OK\r\n${`A: ${'a'.repeat(1000)}\r\n`.repeat(70)}`, large],
    ['a line that is folded many times', `HTTP/1.1 200 OK\r\nA: b\r\n${' c\r\n'.repeat(20_000)}`, large],
    ['the head of a 103', `HTTP/1.1 103 E\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`, large],
    ['fields', head('A: b\r\n'.repeat(257)), many],
    ['fields of a 103', head('A: b\r\n'.repeat(257)).replace('200', '103'), many],
  ])('%s', (_, bytes, told) => {
    expect(parsedEveryWay(bytes)).toEqual([told])
  })

  it.each([
    ['trailers', `${CHUNKED}0\r\nA: ${'a'.repeat(70_000)}`, large],
    ['fields of trailers', `${CHUNKED}0\r\n${'A: b\r\n'.repeat(257)}\r\n`, many],
  ])('%s', (_, bytes, told) => {
    expect(parsedEveryWay(bytes)).toEqual([TOLD_CHUNKED, told])
  })

  it('is counted to the octet, for each head anew', () => {
    expect(fits).toHaveLength(100)
    expect(parsedEveryWay(fits, 'GET', small).at(-1)).toBe('end')
    expect(parsedEveryWay(fits.replace('A: ', 'AA: '), 'GET', small)).toEqual([large])
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
    expect(parsedEveryWay(hints.repeat(3) + fits, 'GET', small).at(-1)).toBe('end')
  })

  it('is not 256 fields, of 60,000 octets', () => {
    const told = parsed([octetsOf(head(`${`A: ${'b'.repeat(230)}\r\n`.repeat(255)}Content-Length: 0\r\n`))])
    expect([told.length, told.at(-1)]).toEqual([2, 'end'])
  })

  it('is noticed as soon as it is there, whatever is still to come', () => {
    const line = octetsOf(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(200_000)}`)
    expect(parsed(single(line.subarray(0, 65_535)))).toEqual(['more'])
    expect(parsed(single(line.subarray(0, 65_536)))[0]).toBe(large)
  })
})
