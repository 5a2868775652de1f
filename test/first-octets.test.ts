import { expect, test } from 'vitest'
import { spokenBy } from '../src/first-octets.ts'

const SETTINGS = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]

test.each<[string, string | readonly number[], string | undefined]>([
  ['an HTTP/1.1 response', 'HTTP/1.1 400 Bad Request\r\n', 'HTTP/1'],
  ['the banner of SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 'SSH'],
  ['the greeting of a mail server', '220 mail.test ESMTP\r\n', 'SMTP or FTP'],
  ['its first line of several', '220-mail.test\r\n', 'SMTP or FTP'],
  ['POP3', '+OK ready\r\n', 'POP3'],
  ['IMAP', '* OK ready\r\n', 'IMAP'],
  ['Redis', "-ERR unknown command 'GET'\r\n", 'Redis'],
  ['VNC', 'RFB 003.008\n', 'VNC'],
  ['an alert of TLS', [0x15, 3, 3, 0, 2, 2, 70], 'TLS'],
  ['a handshake of TLS', [0x16, 3, 1, 0, 200], 'TLS'],
  ['SETTINGS', SETTINGS, 'HTTP/2'],
  ['SETTINGS without entries', [0, 0, 0, 4, 0, 0, 0, 0, 0], 'HTTP/2'],
  ['SETTINGS, cut short', SETTINGS.slice(0, 8), undefined],
  ['a frame of another type', [0, 0, 6, 0, 0, 0, 0, 0, 1], undefined],
  ['SETTINGS on a stream', [0, 0, 6, 4, 0, 0, 0, 0, 1], undefined],
  ['SETTINGS of a length that it cannot have', [0, 0, 5, 4, 0, 0, 0, 0, 0], undefined],
  ['SOCKS 5, no method', [5, 0xff], 'SOCKS'],
  ['SOCKS 5, a method', [5, 0], 'SOCKS'],
  ['SOCKS 4', [0, 0x5b, 0, 0, 0, 0, 0, 0], 'SOCKS'],
  ['nothing', [], undefined],
  ['text', 'hello', undefined],
  ['the beginning of a greeting', 'SSH', undefined],
])('%s', (_name, octets, protocol) => {
  const given = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Uint8Array.from(octets)
  expect(spokenBy(given)).toBe(protocol)
})
