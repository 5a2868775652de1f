import { describe, expect, it } from 'vitest'
import { settled } from '../support/virtual-clock.ts'
import { CHUNKED, lost, OK, Pair, TOLD_OK } from './http1-link.ts'

describe('a response', () => {
  const rows: [name: string, method: string, bytes: string, told: string[]][] = [
    ['content-length (RFC 9112 §6.3)', 'GET', OK, [...TOLD_OK, 'free']],
    [
      'chunked, with extensions and trailers (RFC 9112 §7.1)',
      'GET',
      `${CHUNKED}2;a=b\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n`,
      ['1.1 200 transfer-encoding,chunked', 'data abc', 'end x-sum,1,x-sum,2', 'free'],
    ],
    [
      'names in lower case, wire order, duplicates kept (RFC 9110 §5.2)',
      'GET',
      'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nX: \t 1 \r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n',
      ['1.1 200 set-cookie,a,x,1,set-cookie,b,content-length,0', 'end ', 'free'],
    ],
    [
      'transfer-encoding: identity, until the connection ends',
      'GET',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc',
      ['1.1 200 transfer-encoding,identity last', 'data abc'],
    ],
    [
      'to HEAD, with the length of a GET (RFC 9110 §9.3.2)',
      'HEAD',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      ['1.1 200 content-length,5', 'end ', 'free'],
    ],
    [
      'to HEAD, without a length (RFC 9112 §6.3)',
      'HEAD',
      'HTTP/1.1 200 OK\r\nX: y\r\n\r\n',
      ['1.1 200 x,y', 'end ', 'free'],
    ],
    [
      'to HEAD, and connection: close (RFC 9112 §9.6)',
      'HEAD',
      'HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n',
      ['1.1 200 connection,x, Close last', 'end ', lost(false), 'closed'],
    ],
    ['204 (RFC 9112 §6.3)', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', ['1.1 204 ', 'end ', 'free']],
    [
      '304 with a length (RFC 9112 §6.3)',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
      ['1.1 304 content-length,5', 'end ', 'free'],
    ],
    [
      '100 and 103 before it (RFC 9110 §15.2)',
      'GET',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n${OK}`,
      ['100 ', '103 link,</a>,link,</b>', ...TOLD_OK, 'free'],
    ],
    [
      'connection: close (RFC 9112 §9.6)',
      'GET',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
      ['1.1 200 connection,close,content-length,2 last', 'data ok', 'end ', lost(false), 'closed'],
    ],
    [
      'HTTP/1.0 that does not say keep-alive (RFC 9112 §9.3)',
      'GET',
      'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
      ['1.0 200 content-length,2 last', 'data ok', 'end ', lost(false), 'closed'],
    ],
    [
      'HTTP/1.0 that says keep-alive (RFC 9112 §9.3)',
      'GET',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
      ['1.0 200 connection,keep-alive,content-length,2', 'data ok', 'end ', 'free'],
    ],
  ]

  describe.each([undefined, 1, 7])('in chunks of %s octets', (chunk) => {
    it.each(rows)('%s', async (_, method, bytes, told) => {
      const pair = new Pair(chunk)
      pair.ask(method)
      await settled()
      await pair.say(bytes)
      expect(pair.told).toEqual(['sent', ...told])
    })
  })

  it('that ends with the connection is complete after FIN, and not after a reset (RFC 9112 §6.3)', async () => {
    for (const broken of [false, true]) {
      const pair = new Pair()
      pair.ask()
      await settled()
      await pair.say('HTTP/1.1 200 OK\r\n\r\nabc')
      if (broken) pair.client.fail(new Error('reset'))
      await pair.hangUp()
      const head = ['sent', '1.1 200  last', 'data abc']
      expect(pair.told).toEqual(
        broken
          ? [...head, lost(true), 'failure lost (reset)', 'closed']
          : [...head, 'end ', lost(false), 'closed'],
      )
    }
  })
})

describe('what is no response', () => {
  const rows: [name: string, bytes: string, told: (string | RegExp)[]][] = [
    ['garbage (RFC 9112 §4)', '\x16\x03\x01 no', [/malformed: a status line .* HPE_INVALID_CONSTANT; the peer speaks TLS: its URL begins with https:$/]],
    ['HTTP/2 (RFC 9112 §4)', '\0\0\x12\x04\0\0\0\0\0', [/malformed: a status line/]],
    ['a status of four digits (RFC 9112 §4)', 'HTTP/1.1 2000 OK\r\n\r\n', [/malformed: a status line/]],
    ['a parenthesis in a name (RFC 9112 §5.1)', 'HTTP/1.1 200 OK\r\nA(: b\r\n\r\n', [/malformed: a field/]],
    ['a folded line (RFC 9112 §5.2)', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', [/malformed: a field line/]],
    ['CR in a value (RFC 9112 §2.2)', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n', [/malformed: a field line/]],
    ['LF alone (RFC 9112 §2.2)', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', [/malformed: a field line/]],
    [
      'two lengths (RFC 9112 §6.3)',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      [/malformed: a length/],
    ],
    [
      'a length and chunks (RFC 9112 §6.3)',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      [/malformed: a length/],
    ],
    [
      'a length that is no number (RFC 9110 §8.6)',
      'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n',
      [/a length/],
    ],
    ['a bad chunk size (RFC 9112 §7.1)', `${CHUNKED}xy\r\n`, ['head', /malformed: a chunk/]],
    ['a chunk too long (RFC 9112 §7.1)', `${CHUNKED}1\r\nab\r\n`, ['head', /malformed: a chunk/]],
    ['extensions without end (RFC 9112 §7.1.1)', `${CHUNKED}1;${'a'.repeat(20_000)}`, ['head', /a chunk/]],
    ['a head too large (RFC 9110 §5.4)', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(66_000)}`, [/oversized/]],
    [
      'trailers too large (RFC 9110 §5.4)',
      `${CHUNKED}0\r\n${'A: aaaa\r\n'.repeat(20_000)}`,
      ['head', /oversized/],
    ],
    [
      '101 (RFC 9110 §15.2.2)',
      'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi',
      [/status 101/],
    ],
  ]

  it.each(rows)('%s ends the connection', async (_, bytes, told) => {
    const pair = new Pair()
    pair.ask()
    await settled()
    await pair.say(bytes)
    const shown = pair.told.map((line) => (line === '1.1 200 transfer-encoding,chunked' ? 'head' : line))
    expect(shown.filter((line) => !/^(?:failure|data)/.test(line))).toEqual([
      'sent',
      ...told.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
      'closed',
    ])
    expect(shown.filter((line) => line.startsWith('failure'))).toHaveLength(1)
    expect(pair.client.closed).toBe(true)
  })

  it('has a head of up to 64 KiB, of many fields (RFC 9110 §5.4)', async () => {
    for (const fields of [`A: ${'a'.repeat(60_000)}\r\n`, 'A: b\r\n'.repeat(9_000)]) {
      const pair = new Pair()
      pair.ask()
      await settled()
      await pair.say(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`)
      expect(pair.told[1]?.length).toBe(
        '1.1 200 content-length,0'.length +
          fields.replaceAll(/[ \r\n]/g, '').length +
          fields.match(/\n/g)!.length,
      )
      expect(pair.told.at(-1)).toBe('free')
    }
  })

  it('cut short is never complete (RFC 9112 §8)', async () => {
    for (const bytes of [
      '',
      'HTTP/1.1 200 OK\r\nContent-',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab',
      `${CHUNKED}3\r\nab`,
      `${CHUNKED}3\r\nabc\r\n`,
      `${CHUNKED}3\r\nabc\r\n0\r\n`,
      `${CHUNKED}3\r\nabc\r\n0\r\nA: b\r\n`,
    ]) {
      const pair = new Pair()
      pair.ask()
      await settled()
      if (bytes !== '') await pair.say(bytes)
      await pair.hangUp()
      expect(pair.told.slice(-3), bytes).toEqual([lost(true), 'failure lost', 'closed'])
    }
  })
})

describe('bytes that nobody awaits (RFC 9112 §9.2)', () => {
  const stray = 'ending malformed: bytes that no request asked for (RFC 9112 §9.2)'

  it.each([
    ['before the first request', async (pair: Pair) => pair.say('H')],
    [
      'between two requests',
      async (pair: Pair) => {
        pair.ask()
        await settled()
        await pair.say(OK)
        pair.told.length = 0
        await pair.say('H')
      },
    ],
  ])('%s end the connection', async (_, run) => {
    const pair = new Pair()
    await run(pair)
    expect(pair.told).toEqual([stray, 'closed'])
  })

  it('fail a request whose head was not sent yet', async () => {
    const pair = new Pair()
    pair.server.write(Buffer.from(OK), () => {})
    pair.ask()
    await settled()
    expect(pair.told).toEqual([stray, 'failure malformed', 'closed'])
    expect(pair.received).toBe('')
  })

  const rows: [name: string, method: string, bytes: string][] = [
    ['a part of another response', 'GET', `${OK}HTTP`],
    ['one octet', 'GET', `${OK}x`],
    ['a whole response', 'GET', OK + OK],
    ['content behind HEAD', 'HEAD', OK],
    ['content behind 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\nok'],
    ['a line behind the last chunk', 'GET', `${CHUNKED}0\r\n\r\n\r\n`],
  ]
  it.each(rows)('%s behind a response leave it whole, and end the connection', async (_, method, bytes) => {
    for (const chunk of [undefined, 1]) {
      const pair = new Pair(chunk)
      pair.ask(method)
      await settled()
      await pair.say(bytes)
      expect(pair.told).toContain('end ')
      expect(pair.told.at(-1)).toBe('closed')
      expect(pair.told.some((line) => line.startsWith('failure'))).toBe(false)
      expect(pair.told).not.toContain('free')
    }
  })
})
