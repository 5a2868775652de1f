import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { secureContextOf } from '../../src/transport/tls-contexts.ts'
import type { TlsOptions } from '../../src/transport/transport.ts'
import { makeAuthority } from '../support/certificate.ts'

const { cert, key } = await makeAuthority()
const other = await makeAuthority()
const bytes = (text: string) => new TextEncoder().encode(text)

describe('the secure context', () => {
  it('is built once without options, and once for each object of options', () => {
    const some = { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }
    expect(secureContextOf()).toBe(secureContextOf())
    expect(secureContextOf(some)).toBe(secureContextOf(some))
  })

  const checkServerIdentity = () => undefined
  it.each<[string, () => TlsOptions]>([
    ['text', () => ({ ca: cert })],
    ['bytes', () => ({ ca: bytes(cert) })],
    ['lists', () => ({ ca: [cert, bytes(other.cert)] })],
    ['a key pair', () => ({ cert, key, passphrase: '' })],
    ['keys with their passphrases', () => ({ cert, key: [{ pem: key, passphrase: '' }] })],
    ['a function', () => ({ checkServerIdentity })],
    ['what is left out on purpose', () => ({ ca: cert, servername: undefined })],
  ])('is shared by objects with the same options: %s', (_what, options) => {
    expect(secureContextOf(options())).toBe(secureContextOf(options()))
  })

  it.each<[string, TlsOptions, TlsOptions]>([
    ['another text', { ca: cert }, { ca: other.cert }],
    ['other bytes', { ca: bytes(cert) }, { ca: bytes(other.cert) }],
    ['a shorter list', { ca: [cert, other.cert] }, { ca: [cert] }],
    ['a longer list', { ca: [cert] }, { ca: [cert, other.cert] }],
    ['one more option', { ca: cert }, { ca: cert, rejectUnauthorized: false }],
    ['one option less', { ca: cert, maxVersion: 'TLSv1.3' }, { ca: cert }],
    ['another function', { checkServerIdentity }, { checkServerIdentity: () => undefined }],
    ['another key', { key: [{ pem: key }], cert }, { key: [{ pem: other.key }], cert: other.cert }],
  ])('is not shared by objects whose options differ: %s', (_what, one, another) => {
    expect(secureContextOf(another)).not.toBe(secureContextOf(one))
  })

  it.each<[string, () => { list: Uint8Array[] | string[]; change: () => void }]>([
    [
      'a list grows',
      () => {
        const list = [cert]
        return { list, change: () => void list.push(other.cert) }
      },
    ],
    [
      'bytes are written over',
      () => {
        const list = [bytes(`${cert}\n\n`)]
        return { list, change: () => list[0]!.set(bytes(' '), cert.length) }
      },
    ],
  ])('is not shared with options that have changed since: %s', (_what, make) => {
    const { list, change } = make()
    const options = { ca: list }
    const before = secureContextOf(options)
    expect(secureContextOf(options)).toBe(before)
    change()
    expect(secureContextOf(options)).not.toBe(before)
    expect(secureContextOf({ ca: list })).toBe(secureContextOf(options))
  })

  it('is looked for among the newest only', () => {
    const first = secureContextOf({ ca: cert, servername: 'first.test' })
    for (let i = 0; i < 32; i++) secureContextOf({ ca: cert, servername: `${i}.test` })
    expect(secureContextOf({ ca: cert, servername: 'first.test' })).not.toBe(first)
  })

  it('may be that of the caller', () => {
    const secureContext = createSecureContext()
    expect(secureContextOf({ secureContext })).toBe(secureContext)
  })

  it('leaves the version to a protocol that the caller names', () => {
    expect(() => secureContextOf({ secureProtocol: 'TLSv1_2_method' })).not.toThrow()
  })
})
