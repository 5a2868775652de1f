import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isExcepted } from '../../../src/client/pool/no-proxy.ts'

/** What curl and Go do was written by `scripts/no-proxy-vectors.mjs`. */
const rows = readFileSync(new URL('no-proxy.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [noProxy: string, url: string, curl: string, go: string, here: string])

describe('no_proxy', () => {
  test.each(rows)('%j, %s: curl %s, Go %s, here %s', (noProxy, url, _curl, _go, here) => {
    expect(isExcepted(new URL(url), noProxy) ? 'direct' : 'proxy').toBe(here)
  })

  test('what curl or Go excepts is excepted, but for rows that say why', () => {
    const silent = rows.filter(([, , curl, go, here, why]: readonly string[]) => {
      return why === undefined && here !== (curl === 'direct' ? curl : go)
    })
    expect(silent).toEqual([])
    expect(rows.length).toBeGreaterThan(90)
  })
})
