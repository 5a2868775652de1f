import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { secureContextOf, trustedRoots } from '../../src/transport/tls-roots.ts'

const bundled = () => ['bundled 1', 'bundled 2']

/** A runtime that knows these authorities. */
function store(usual: string[], system: string[]) {
  return { getCACertificates: (type: 'default' | 'system') => (type === 'default' ? usual : system) }
}

describe('the authorities that are trusted', () => {
  it('are the usual ones, the extra ones, and each of the system once', () => {
    const found = trustedRoots(store(['bundled 1', 'bundled 2', 'extra'], ['bundled 2', 'system']), bundled)
    expect(found).toEqual(['bundled 1', 'bundled 2', 'extra', 'system'])
  })

  it('are left to the runtime if it cannot list them', () => {
    expect(trustedRoots({}, bundled)).toBeUndefined()
  })

  it('are left to the runtime if the system adds none', () => {
    expect(trustedRoots(store(['bundled 1', 'bundled 2'], ['bundled 1']), bundled)).toBeUndefined()
  })

  it('are left to the runtime if it was told to trust others', () => {
    expect(trustedRoots(store(['bundled 1', 'own'], ['system']), bundled)).toBeUndefined()
  })

  it('are left to the runtime if the system cannot be read', () => {
    const broken = {
      getCACertificates: () => {
        throw new Error('no keychain')
      },
    }
    expect(trustedRoots(broken, bundled)).toBeUndefined()
  })
})

describe('the secure context', () => {
  it('is built once without options, and once for each object of options', () => {
    const some = { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }
    expect(secureContextOf()).toBe(secureContextOf())
    expect(secureContextOf(some)).toBe(secureContextOf(some))
    expect(secureContextOf({ ...some })).not.toBe(secureContextOf(some))
  })

  it('may be that of the caller', () => {
    const secureContext = createSecureContext()
    expect(secureContextOf({ secureContext })).toBe(secureContext)
  })

  it('leaves the version to a protocol that the caller names', () => {
    expect(() => secureContextOf({ secureProtocol: 'TLSv1_2_method' })).not.toThrow()
  })
})
