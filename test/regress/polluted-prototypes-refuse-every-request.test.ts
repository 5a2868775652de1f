import { expect, test } from 'vitest'
import { Client } from '../../src/index.ts'
import { MemoryOrigin } from '../../src/testing/index.ts'

test('what a library has put on every object is no unknown option of a request', async () => {
  const origin = new MemoryOrigin(() => ({ status: 204 }))
  const client = new Client({ transport: origin.dial })
  const everything = Object.prototype as { [name: string]: unknown }
  everything.somebodysOwn = 'x'
  try {
    expect((await client.request('https://a.test/', { method: 'GET' })).status).toBe(204)
    expect((await client.fetch('https://a.test/', { method: 'POST', body: 'x' })).status).toBe(204)
  } finally {
    delete everything.somebodysOwn
  }
  await expect(async () => client.request('https://a.test/', { own: 'x' } as never)).rejects.toThrow(
    /not an option/,
  )
})
