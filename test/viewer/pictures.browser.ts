/** Each canned conversation as a picture, beside the one that was looked at and kept. REFERENCES=write keeps new ones. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { CANNED } from '../trace/canned.ts'
import { drawn, Pages, press, quiet } from './browser.ts'

const pages = new Pages()
const folder = fileURLToPath(new URL('pictures/', import.meta.url))

/** Pictures are kept small, and compared in blocks, for no two machines draw letters alike. */
const [WIDTH, HEIGHT, BLOCK] = [640, 400, 16]
/** Differences that letters make, of 255: of any block, and of all on average. */
const [MOST_OF_A_BLOCK, MOST_OF_ALL] = [60, 4]

/** The page as a small picture. */
async function small(page: Page): Promise<string> {
  const shot = (await page.screenshot()).toString('base64')
  const blank = await page.context().newPage()
  try {
    return await blank.evaluate(shrink, { shot, width: WIDTH, height: HEIGHT })
  } finally {
    await blank.close()
  }
}

async function shrink({
  shot,
  width,
  height,
}: {
  shot: string
  width: number
  height: number
}): Promise<string> {
  const image = new Image()
  image.src = `data:image/png;base64,${shot}`
  await image.decode()
  const canvas = new OffscreenCanvas(width, height)
  const pen = canvas.getContext('2d')!
  pen.imageSmoothingQuality = 'high'
  pen.drawImage(image, 0, 0, width, height)
  const octets = new Uint8Array(
    await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 })).arrayBuffer(),
  )
  return btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''))
}

/** How far two pictures are apart: the block that differs most, and all. */
async function apart(page: Page, one: string, other: string): Promise<{ block: number; all: number }> {
  const blank = await page.context().newPage()
  try {
    return await blank.evaluate(compare, { one, other, width: WIDTH, height: HEIGHT, size: BLOCK })
  } finally {
    await blank.close()
  }
}

interface Compared {
  one: string
  other: string
  width: number
  height: number
  size: number
}

async function compare({
  one,
  other,
  width,
  height,
  size,
}: Compared): Promise<{ block: number; all: number }> {
  const blocks = async (webp: string): Promise<Uint8ClampedArray> => {
    const image = new Image()
    image.src = `data:image/webp;base64,${webp}`
    await image.decode()
    const canvas = new OffscreenCanvas(width / size, height / size)
    const pen = canvas.getContext('2d')!
    pen.imageSmoothingQuality = 'high'
    pen.drawImage(image, 0, 0, width / size, height / size)
    return pen.getImageData(0, 0, width / size, height / size).data
  }
  const [a, b] = [await blocks(one), await blocks(other)]
  let [most, sum] = [0, 0]
  for (let i = 0; i < a.length; i++) {
    const by = Math.abs(a[i]! - b[i]!)
    most = Math.max(most, by)
    sum += by
  }
  return { block: most, all: sum / a.length }
}

async function look(page: Page, name: string): Promise<void> {
  const file = `${folder}${name.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}.webp`
  const picture = await small(page)
  if (process.env.REFERENCES === 'write') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, Buffer.from(picture, 'base64'))
  }
  expect(existsSync(file), `a picture of ${name}`).toBe(true)
  const difference = await apart(page, picture, readFileSync(file).toString('base64'))
  expect(difference.block).toBeLessThan(MOST_OF_A_BLOCK)
  expect(difference.all).toBeLessThan(MOST_OF_ALL)
}

for (const [name, { peer }] of Object.entries(CANNED)) {
  it(name, async () => {
    const shown = await pages.show(peer().recording())
    await press(shown.page, 'ArrowDown')
    await look(shown.page, name)
    quiet(shown)
    await shown.page.close()
  })
}

it('in the dark, near a stall, with a frame', async () => {
  const shown = await pages.show(CANNED['a mixture: a download, an upload and a queue']!.peer().recording(), {
    dark: true,
  })
  await press(shown.page, 'ArrowDown', ']', ']', ']', ']', '/')
  await shown.page.keyboard.type('type:DATA stream:1 >16000')
  await press(shown.page, 'Enter', 'Enter')
  await drawn(shown.page)
  await look(shown.page, 'dark')
  quiet(shown)
  await shown.page.close()
})
