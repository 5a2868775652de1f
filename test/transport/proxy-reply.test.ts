import { describe, expect, it, test } from 'vitest'
import { MAX_HEAD_SIZE, ProxyReply } from '../../src/transport/proxy-reply.ts'

const octets = (text: string) => Buffer.from(text, 'latin1')

describe('the answer of a proxy', () => {
  const head = 'HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/1.1 200 All right\r\nVia:  x \r\nno field\n\r\n'
  const expected = { status: 200, statusText: 'All right', fields: ['via', 'x'] }

  it('is read to its last octet and no further, wherever it is cut', () => {
    const answer = octets(`${head}rest`)
    for (let cut = 1; cut < head.length; cut++) {
      const reply = new ProxyReply()
      expect(reply.receive(answer.subarray(0, cut))).toBe('incomplete')
      const surplus = octets('rest')
      expect(reply.receive(answer.subarray(cut))).toEqual({ ...expected, surplus })
    }
  })

  it('is read octet by octet', () => {
    const reply = new ProxyReply()
    const answers = [...octets(head)].map((octet) => reply.receive(Uint8Array.of(octet)))
    expect(answers.pop()).toMatchObject(expected)
    expect(new Set(answers)).toEqual(new Set(['incomplete']))
  })

  it('is refused as soon as its heads, interim ones too, take more than a limit', () => {
    const interim = octets('HTTP/1.1 100 \r\n\r\n')
    const reply = new ProxyReply()
    let count = 0
    while (reply.receive(interim) === 'incomplete') count++
    expect(count).toBe(Math.floor(MAX_HEAD_SIZE / interim.length))
  })

  it('is refused beyond the limit within a line, too', () => {
    const reply = new ProxyReply()
    expect(reply.receive(octets(`HTTP/1.1 200 ${'x'.repeat(MAX_HEAD_SIZE - 13)}`))).toBe('incomplete')
    expect(reply.receive(octets('x'))).toBe('oversized')
  })

  test.each([
    'X',
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/1.1 099 No\r\n\r\n',
    'HTTP/1.1 200OK\r\n\r\n',
    'HTTP/1.1 2xx OK\r\n\r\n',
    'HTTP/1.1 103 \r\n\r\n\x16\x03\x01',
    '\r\n\r\n',
  ])('%j is none (RFC 9112 §4)', (text) => {
    expect(new ProxyReply().receive(octets(text))).toBe('malformed')
  })
})
