import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { page } from './scripts/page.mjs'

/** Tests that need a browser: Debian's chromium, or the one that CHROMIUM names. */
export default defineConfig({
  plugins: [page()],
  resolve: {
    alias: { '#platform': fileURLToPath(new URL('./src/transport/node-platform.ts', import.meta.url)) },
  },
  test: {
    include: ['test/**/*.browser.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
