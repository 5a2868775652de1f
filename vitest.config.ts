import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { page } from './scripts/page.mjs'

export default defineConfig({
  plugins: [page()],
  resolve: {
    alias: { '#platform': fileURLToPath(new URL('./src/transport/node-platform.ts', import.meta.url)) },
  },
  test: { include: ['test/**/*.test.ts'] },
})
