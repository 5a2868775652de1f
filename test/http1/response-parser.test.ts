import { describe, expect, it } from 'vitest'
import { ResponseParser } from '../../src/http1/response-parser.ts'
import {
  CHUNKED,
  LIMITS,
  OK,
  octetsOf,
  parsed,
  parsedEveryWay,
  Recorder,
  single,
  TOLD_CHUNKED,
  TOLD_OK,
} from './recording.ts'

type Row = readonly [name: string, bytes: string, told: readonly string[], method?: string]

function table(rows: readonly Row[]): void {
  for (const [name, bytes, told, method] of rows) {
    it(name, () => expect(parsedEveryWay(bytes, method)).toEqual(told))
  }
}

const head = (fields: string, status = '200 OK'): string => `HTTP/1.1 ${status}\r\n${fields}\r\n`

describe('where a response ends (RFC 9112 §6.3)', () => {
  table([
    ['by content-length', OK, TOLD_OK],
    ['by a content-length of 0', head('Content-Length: 0\r\n'), ['200 OK [content-length,0] 0', 'end']],
    [
      'by a content-length with zeros in front',
      `${head('Content-Length: 002\r\n')}ok`,
      ['200 OK [content-length,002] 2', 'content ok', 'end'],
    ],
    [
      'by a content-length that is said twice, alike',
      `${head('Content-Length: 2\r\nContent-Length: 2\r\n')}ok`,
      ['200 OK [content-length,2,content-length,2] 2', 'content ok', 'end'],
    ],
    [
      'by a content-length that is a list of the same',
      `${head('Content-Length: 2, 2\r\n')}ok`,
      ['200 OK [content-length,2, 2] 2', 'content ok', 'end'],
    ],
    ['with the connection', `${head('')}abc`, ['200 OK [] until the end, last', 'content abc', 'end']],
    ['with the connection, without content', head(''), ['200 OK [] until the end, last', 'end']],
    [
      'with the connection, where transfer-encoding is identity',
      `${head('Transfer-Encoding: Identity\r\n')}abc`,
      ['200 OK [transfer-encoding,Identity] until the end, last', 'content abc', 'end'],
    ],
    ['with the last chunk', `${CHUNKED}2\r\nab\r\n1\r\nc\r\n0\r\n\r\n`, [TOLD_CHUNKED, 'content abc', 'end']],
    ['to HEAD with the head', head('Content-Length: 5\r\n'), ['200 OK [content-length,5] 0', 'end'], 'HEAD'],
    [
      'to HEAD with the head, though it says chunked',
      CHUNKED,
      ['200 OK [transfer-encoding,chunked] 0', 'end'],
      'HEAD',
    ],
    ['to HEAD with the head, without a length', head('X: y\r\n'), ['200 OK [x,y] 0', 'end'], 'HEAD'],
    ['204 with the head', head('', '204 No Content'), ['204 No Content [] 0', 'end']],
    [
      '304 with the head',
      head('Content-Length: 5\r\n', '304 Not Modified'),
      ['304 Not Modified [content-length,5] 0', 'end'],
    ],
    [
      'a refused CONNECT as any other',
      OK.replace('200 OK', '407 Who'),
      ['407 Who [content-length,2] 2', 'content ok', 'end'],
      'CONNECT',
    ],
    [
      'a tunnel with the connection, whatever is said of its length',
      OK,
      ['200 OK [content-length,2] until the end, last', 'content ok', 'end'],
      'CONNECT',
    ],
  ])
})

describe('chunks (RFC 9112 §7.1)', () => {
  table([
    [
      'may have extensions',
      `${CHUNKED}2;a=b\r\nab\r\n1 ; c="d;e"\r\nc\r\n0;f\r\n\r\n`,
      [TOLD_CHUNKED, 'content abc', 'end'],
    ],
    [
      'are of hexadecimal size, in any case',
      `${CHUNKED}a\r\n0123456789\r\n00A\r\n0123456789\r\n0\r\n\r\n`,
      [TOLD_CHUNKED, 'content 01234567890123456789', 'end'],
    ],
    [
      'may hold what looks like an end',
      `${CHUNKED}7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n`,
      [TOLD_CHUNKED, 'content \r\n0\r\n\r\n', 'end'],
    ],
    [
      'may have trailers behind them',
      `${CHUNKED}1\r\na\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n`,
      [TOLD_CHUNKED, 'content a', 'end x-sum,1,x-sum,2'],
    ],
    ['of no size at all end it', `${CHUNKED}000\r\n\r\n`, [TOLD_CHUNKED, 'end']],
    [
      'may have an extension of 16,000 octets',
      `${CHUNKED}1;${'a'.repeat(16_000)}\r\na\r\n0\r\n\r\n`,
      [TOLD_CHUNKED, 'content a', 'end'],
    ],
  ])
})

describe('fields (RFC 9112 §5)', () => {
  table([
    [
      'have names in lower case, wire order, duplicates',
      head('Set-Cookie: a\r\nX: \t 1 \t\r\nset-cookie: b\r\nContent-Length: 0\r\n'),
      ['200 OK [set-cookie,a,x,1,set-cookie,b,content-length,0] 0', 'end'],
    ],
    [
      'may be empty',
      head('A:\r\nB: \t \r\nContent-Length: 0\r\n'),
      ['200 OK [a,,b,,content-length,0] 0', 'end'],
    ],
    [
      'may have colons in their value',
      head('A: b:c\r\nContent-Length: 0\r\n'),
      ['200 OK [a,b:c,content-length,0] 0', 'end'],
    ],
    [
      'may have any octet but CR, LF and NUL',
      head('A: \x01\x7f\x80\xff\r\nContent-Length: 0\r\n'),
      ['200 OK [a,\x01\x7f\x80\xff,content-length,0] 0', 'end'],
    ],
    [
      'may have names that are no tokens, which are their owner’s to drop, but hide no colon, space or control',
      head('A(@): b\r\nContent-Length: 0\r\n'),
      ['200 OK [a(@),b,content-length,0] 0', 'end'],
    ],
    [
      'that are folded go on behind a space (RFC 9112 §5.2)',
      head('A: b \r\n\t c\r\n d\r\nContent-Length: 0\r\n'),
      ['200 OK [a,b c d,content-length,0] 0', 'end'],
    ],
    [
      'that are folded behind nothing, or by nothing, gain none',
      head('A:\r\n b\r\n \t\r\nContent-Length: 0\r\n'),
      ['200 OK [a,b,content-length,0] 0', 'end'],
    ],
    [
      'that are folded are whole before they mean something',
      `${head('Content-Length:\r\n 2\r\n')}ok`,
      TOLD_OK,
    ],
    ['of trailers may be folded', `${CHUNKED}0\r\nA: b\r\n c\r\n\r\n`, [TOLD_CHUNKED, 'end a,b c']],
  ])
})

describe('the status line (RFC 9112 §4)', () => {
  table([
    [
      'has any phrase',
      head('Content-Length: 0\r\n', '418 I am not\ta "teapot" \xfc'),
      ['418 I am not\ta "teapot" \xfc [content-length,0] 0', 'end'],
    ],
    ['may have none', head('Content-Length: 0\r\n', '200 '), ['200  [content-length,0] 0', 'end']],
    [
      'may lack the space behind the status',
      head('Content-Length: 0\r\n', '200'),
      ['200  [content-length,0] 0', 'end'],
    ],
    [
      'keeps white space that is of the phrase',
      head('Content-Length: 0\r\n', '200  OK '),
      ['200  OK  [content-length,0] 0', 'end'],
    ],
    [
      'may name a status that nobody knows',
      head('Content-Length: 0\r\n', '999 X'),
      ['999 X [content-length,0] 0', 'end'],
    ],
  ])
})

describe('interim responses (RFC 9110 §15.2)', () => {
  table([
    [
      'come before the final one',
      `${head('', '100 Continue')}${head('Link: </a>\r\nLink: </b>\r\n', '103 Early Hints')}${OK}`,
      ['100 ', '103 link,</a>,link,</b>', ...TOLD_OK],
    ],
    [
      'may say that they have no content',
      head('Content-Length: 0\r\n', '102 P') + OK,
      ['102 content-length,0', ...TOLD_OK],
    ],
    [
      'come before the answer to HEAD',
      head('', '100 C') + head('Content-Length: 5\r\n'),
      ['100 ', '200 OK [content-length,5] 0', 'end'],
      'HEAD',
    ],
  ])
})

describe('whether the connection goes on (RFC 9112 §9.3, §9.6)', () => {
  const rows: [fields: string, version: string, persistent: boolean][] = [
    ['', '1.1', true],
    ['Connection: keep-alive\r\n', '1.1', true],
    ['Connection: close\r\n', '1.1', false],
    ['Connection: x, Close\r\n', '1.1', false],
    ['Connection: x\r\nConnection: \tCLOSE \r\n', '1.1', false],
    ['Connection: closed, x-close\r\n', '1.1', true],
    ['Connection: keep-alive, close\r\n', '1.1', false],
    ['', '1.0', false],
    ['Connection: Keep-Alive\r\n', '1.0', true],
    ['Connection: keep-alive, close\r\n', '1.0', false],
  ]
  it.each(rows)('%j in HTTP/%s: %s', (fields, version, persistent) => {
    const told = parsedEveryWay(`HTTP/${version} 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`)
    expect([told[0]!.endsWith(' 2'), told.slice(1)]).toEqual([persistent, ['content ok', 'end']])
  })

  it('not behind a 204 that announces content (RFC 9112 §6.3)', () => {
    for (const fields of ['Content-Length: 2\r\n', 'Transfer-Encoding: chunked\r\n']) {
      expect(parsedEveryWay(head(fields, '204 N'))[0]).toMatch(/ 0, last$/)
    }
    expect(parsedEveryWay(head('Content-Length: 0\r\n', '204 N'))[0]).toMatch(/ 0$/)
  })

  it('for how long, in keep-alive', () => {
    const hints: [field: string, ms: number][] = [
      ['Keep-Alive: timeout=5', 5000],
      ['Keep-Alive: max=5, TIMEOUT="7"', 7000],
      ['Keep-Alive: max=5;timeout=1', 1000],
      ['Keep-Alive: xtimeout=5', Number.POSITIVE_INFINITY],
      ['Keep-Alive: timeout=x', Number.POSITIVE_INFINITY],
      ['X: timeout=5', Number.POSITIVE_INFINITY],
    ]
    for (const [field, ms] of hints) {
      const recorder = new (class extends Recorder {
        override onResponse({ idleMs }: { readonly idleMs: number }): void {
          this.tell(`${idleMs}`)
        }
      })()
      expect(parsed([octetsOf(head(`${field}\r\n`))], 'HEAD', LIMITS, recorder)[0], field).toBe(`${ms}`)
    }
  })
})

describe('what is behind a response is none of it (RFC 9112 §9.2)', () => {
  const rows: [name: string, method: string, bytes: string, behind: number][] = [
    ['a part of another response', 'GET', `${OK}HTTP`, 4],
    ['one octet', 'GET', `${OK}x`, 1],
    ['a whole response', 'GET', OK + OK, OK.length],
    ['content behind HEAD', 'HEAD', OK, 2],
    ['content behind 204', 'GET', `${head('', '204 N')}ok`, 2],
    ['a line behind the last chunk', 'GET', `${CHUNKED}0\r\n\r\n\r\n`, 2],
  ]
  it.each(rows)('%s', (_, method, bytes, behind) => {
    expect(parsed([octetsOf(bytes)], method).slice(-2)).toEqual(['end', `behind it ${behind}`])
    expect(parsed(single(octetsOf(bytes)), method).slice(-2)).toEqual(['end', `behind it ${behind}`])
  })
})

describe('a response that is cut short is never complete (RFC 9112 §8)', () => {
  it.each([
    '',
    'HTTP/1.1 200 OK\r\nContent-',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab',
    head('', '100 Continue'),
    `${CHUNKED}3`,
    `${CHUNKED}3\r\nab`,
    `${CHUNKED}3\r\nabc`,
    `${CHUNKED}3\r\nabc\r\n`,
    `${CHUNKED}3\r\nabc\r\n0\r\n`,
    `${CHUNKED}3\r\nabc\r\n0\r\nA: b\r\n`,
  ])('%j', (bytes) => {
    expect(parsedEveryWay(bytes).at(-1)).toBe('more')
  })
})

describe('a handler', () => {
  it.each([1, 2, 3])('can stop the parser in its call %s, and hears nothing more', (at) => {
    const recorder = new (class extends Recorder {
      override tell(line: string): void {
        super.tell(line)
        if (this.calls === at) parser.stop()
      }
      override onContent(buf: Uint8Array, start: number, end: number): void {
        super.onContent(buf, start, end)
        if (this.calls === at) parser.stop()
      }
    })()
    const parser = new ResponseParser(recorder, LIMITS)
    parser.begin('GET')
    parser.receive(octetsOf(`${CHUNKED}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`))
    expect([recorder.calls, parser.awaiting]).toEqual([at, false])
  })
})
