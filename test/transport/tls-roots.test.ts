import { describe, expect, it } from 'vitest'
import { trustedRoots } from '../../src/transport/tls-roots.ts'

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
