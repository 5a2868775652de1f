/** Pages of recordings in a browser without a window. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Recording } from '../../src/trace/index.ts'

export interface Shown {
  readonly page: Page
  /** What the page complained of. */
  readonly complaints: string[]
}

/** Opens pages in one browser for the tests of a file, and closes it behind them. */
export class Pages {
  #browser: Browser | undefined
  #folder = ''
  #count = 0

  constructor() {
    beforeAll(async () => {
      this.#folder = mkdtempSync(join(tmpdir(), 'hyper-page-'))
      this.#browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--font-render-hinting=none', '--disable-lcd-text'],
      })
    })
    afterAll(async () => {
      await this.#browser?.close()
      rmSync(this.#folder, { recursive: true, force: true })
    })
  }

  /** Shows a recording from a file, as a user opens it. */
  async show(recording: Recording, { dark = false, hash = '' } = {}): Promise<Shown> {
    const file = join(this.#folder, `${++this.#count}.html`)
    writeFileSync(file, recording.toHTML())
    const context = await this.#browser!.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: dark ? 'dark' : 'light',
    })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (request.url() !== page.url() && !request.url().startsWith('file:')) complaints.push(request.url())
    })
    await page.goto(`${pathToFileURL(file)}${hash}`)
    await drawn(page)
    return { page, complaints }
  }
}

/** Waits until the page has drawn what changed. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(undefined)))),
  )
}

/** Presses keys, one after the other, and waits for the picture. */
export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
  await drawn(page)
}

export function quiet({ complaints }: Shown): void {
  expect(complaints).toEqual([])
}
