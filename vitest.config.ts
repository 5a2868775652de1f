import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { page } from './scripts/page.mjs'

export default defineConfig({
  plugins: [page()],
  resolve: {
    alias: { '#platform': fileURLToPath(new URL('./src/transport/node-platform.ts', import.meta.url)) },
  },
  // Time out what hangs, not what shares its machine: no test depends on how fast it runs.
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})
