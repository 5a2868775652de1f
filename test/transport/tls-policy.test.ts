import { describe, expect, it, test } from 'vitest'
import { inadequacy } from '../../src/transport/tls-policy.ts'

describe('suites of TLS 1.2 (RFC 9113 §9.2.2, Appendix A)', () => {
  test.each([
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-CCM',
    'ECDHE-ECDSA-AES256-CCM8',
    'ECDHE-PSK-CHACHA20-POLY1305',
    'ECDHE-ARIA128-GCM-SHA256',
    'DHE-RSA-AES128-GCM-SHA256',
    'DHE-RSA-AES256-CCM',
    'DHE-PSK-AES128-GCM-SHA256',
  ])('%s is taken', (cipher) => {
    expect(inadequacy({ version: 'TLSv1.2', cipher })).toBeUndefined()
  })

  test.each([
    'AES128-GCM-SHA256',
    'AES256-CCM8',
    'ADH-AES128-GCM-SHA256',
    'PSK-AES128-GCM-SHA256',
    'PSK-CHACHA20-POLY1305',
    'RSA-PSK-AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-SHA',
    'ECDHE-RSA-AES128-SHA256',
    'ECDHE-ECDSA-CAMELLIA128-SHA256',
    'ECDHE-RSA-NULL-SHA',
    'DHE-RSA-AES256-SHA256',
    'DES-CBC3-SHA',
    'AES128-SHA',
  ])('%s is prohibited', (cipher) => {
    const reason = `suite ${cipher} is prohibited (RFC 9113 §9.2.2)`
    expect(inadequacy({ version: 'TLSv1.2', cipher })).toBe(reason)
  })

  it('are not judged in TLS 1.3', () => {
    expect(inadequacy({ version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' })).toBeUndefined()
  })
})

describe('sizes of ephemeral keys (RFC 9113 §9.2.1)', () => {
  test.each([
    ['DH', 1024, 'DH key of 1024 bits is below 2048 (RFC 9113 §9.2.1)'],
    ['DH', 2048, undefined],
    ['ECDH', 192, 'ECDH key of 192 bits is below 224 (RFC 9113 §9.2.1)'],
    ['ECDH', 224, undefined],
    ['ECDH', undefined, undefined],
    [undefined, undefined, undefined],
  ])('%s of %s bits', (keyType, keyBits, reason) => {
    const outcome = { version: 'TLSv1.2', cipher: 'DHE-RSA-AES128-GCM-SHA256', keyType, keyBits }
    expect(inadequacy(outcome)).toBe(reason)
  })
})

describe('versions (RFC 9113 §9.2)', () => {
  test.each([
    ['TLSv1.1', 'TLSv1.1 is below TLS 1.2 (RFC 9113 §9.2)'],
    ['TLSv1', 'TLSv1 is below TLS 1.2 (RFC 9113 §9.2)'],
    [null, 'unknown TLS version is below TLS 1.2 (RFC 9113 §9.2)'],
  ])('%s', (version, reason) => {
    expect(inadequacy({ version, cipher: 'ECDHE-RSA-AES128-GCM-SHA256' })).toBe(reason)
  })
})
