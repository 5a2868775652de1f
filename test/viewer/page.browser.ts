/** What one can do with the page: by keys alone, by its address, and with as many frames as a busy minute has. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Recording, Tape } from '../../src/trace/index.ts'
import { CANNED } from '../trace/canned.ts'
import { TapedPeer } from '../trace/taped-peer.ts'
import { drawn, Pages, press, quiet } from './browser.ts'
import { busy } from './busy.ts'

const pages = new Pages()
const mixture = (): Recording => CANNED['a mixture: a download, an upload and a queue']!.peer().recording()

describe('keys', () => {
  it('choose requests, and say in a sentence where their time went', async () => {
    const { page } = await pages.show(mixture())
    await press(page, 'ArrowDown', 'ArrowDown')
    const said = page.locator('.status')
    expect(await said.textContent()).toContain("the peer's window of the stream was used up")
    await press(page, 'ArrowUp')
    expect(await said.textContent()).toContain('our window of the stream was used up')
    await press(page, 'Escape')
    expect(await said.textContent()).toBe('')
    await page.close()
  })

  it('go from stall to stall, nearer, farther and along', async () => {
    const { page } = await pages.show(mixture())
    const span = (): Promise<number[]> => page.evaluate('[view.from, view.to]')
    const whole = await span()
    await press(page, 'ArrowDown', ']')
    const [from, to] = await span()
    expect(to! - from!).toBeLessThan(whole[1]!)
    await press(page, ']')
    expect((await span())[0]).toBeGreaterThan(from!)
    await press(page, '[')
    expect((await span())[0]).toBeCloseTo(from!, 3)
    await press(page, '0')
    expect(await span()).toEqual(whole)
    await press(page, '+', 'ArrowRight')
    expect((await span())[0]).toBeGreaterThan(0)
    await press(page, '-', '-', '-')
    expect(await span()).toEqual(whole)
    await page.close()
  })

  it('look for frames and step through what was found', async () => {
    const { page } = await pages.show(mixture())
    await press(page, '/')
    await page.keyboard.type('type:window_update stream:1')
    await press(page, 'Enter')
    expect(await page.locator('.found').textContent()).toBe('1 of 20')
    await press(page, 'Escape', 'n', 'n')
    const selected = page.locator('.tr.selected')
    expect(await selected.textContent()).toContain('WINDOW_UPDATE')
    expect(await page.locator('.tr').count()).toBeLessThan(60)
    await press(page, 'p')
    await press(page, 'f', 'Home')
    expect(await page.locator('.found').textContent()).toBe('1 of 20')
    await page.close()
  })

  it('reach everything that can be pressed, which shows where it is', async () => {
    const { page } = await pages.show(mixture())
    const reached = new Set<string>()
    for (let i = 0; i < 16; i++) {
      await page.keyboard.press('Tab')
      const focus = await page.evaluate(() => {
        const at = document.activeElement as HTMLElement
        const outlined = getComputedStyle(at).outlineStyle !== 'none'
        return { what: at.getAttribute('aria-label') ?? at.title ?? at.tagName, outlined }
      })
      if (focus.what !== '') expect(focus.outlined, focus.what).toBe(true)
      reached.add(focus.what)
    }
    for (const what of ['Look for frames', 'Download as', 'Keys (?)']) expect([...reached]).toContain(what)
    expect([...reached].filter((what) => what.startsWith('Frames;'))).toHaveLength(1)
    expect([...reached].filter((what) => what.startsWith('Requests;'))).toHaveLength(1)
    await page.close()
  })
})

it('an address says what is looked at, and what is looked at becomes the address', async () => {
  const recording = mixture()
  const frame = recording.frames().find(({ text }) => text.startsWith('WINDOW_UPDATE stream=1'))!
  const { page } = await pages.show(recording, { hash: `#row=${frame.row}` })
  expect(await page.locator('aside').textContent()).toContain(`#${frame.row} WINDOW_UPDATE, sent`)
  expect(await page.locator('aside').textContent()).toContain('+ 65,536 =')
  await press(page, 'Escape', 'ArrowDown')
  expect(page.url()).toContain('#c=1&s=1')
  await page.close()
})

it('what can be taken along is the recording, and what other tools read', async () => {
  const recording = mixture()
  const { page } = await pages.show(recording)
  const taken = async (kind: number): Promise<Buffer> => {
    const download = page.waitForEvent('download')
    await page.getByLabel('Download as').selectOption({ index: kind })
    return readFileSync(await (await download).path())
  }
  expect(Recording.read(await taken(1)).requests()).toEqual(recording.requests())
  expect(JSON.parse((await taken(2)).toString()).log.version).toBe('1.2')
  expect((await taken(3)).toString().startsWith('\x1e{')).toBe(true)
  expect(JSON.parse((await taken(4)).toString()).traceEvents.length).toBeGreaterThan(10)
  await page.close()
})

it('text can be read: at least 4.5 to 1, in light and in dark', async () => {
  for (const dark of [false, true]) {
    const { page } = await pages.show(mixture(), { dark })
    await press(page, 'ArrowDown', 'n', '?')
    const poor = await page.evaluate(() => {
      const light = (colour: string): number => {
        const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number)
        const part = (value: number): number =>
          value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
      }
      const behind = (element: Element | null): string => {
        for (let at = element; at !== null; at = at.parentElement) {
          const colour = getComputedStyle(at).backgroundColor
          if (!/rgba\(.*, 0\)$/.test(colour)) return colour
        }
        return 'rgb(255, 255, 255)'
      }
      return [...document.querySelectorAll('body *')].flatMap((element) => {
        const text = [...element.childNodes].some(
          (node) => node.nodeType === 3 && node.textContent?.trim() !== '',
        )
        if (!text || element instanceof HTMLScriptElement) return []
        const [a, b] = [light(getComputedStyle(element).color), light(behind(element))]
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
        return ratio < 4.5
          ? [`${element.className} ${element.textContent?.slice(0, 20)} ${ratio.toFixed(2)}`]
          : []
      })
    })
    expect(poor).toEqual([])
    await page.close()
  }
})

const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(1)</script>',
  '"><svg onload=alert(1)>',
  '&lt;b&gt;',
  'javascript:alert(1)',
  '\u202etxt.exe',
  '\0\x1b[31m',
]

it('what was recorded is text, whatever it is', async () => {
  const tags = async (one: Recording): Promise<{ tags: string[]; alerts: number }> => {
    const shown = await pages.show(one)
    const { page } = shown
    let alerts = 0
    page.on('dialog', (dialog) => {
      alerts++
      void dialog.dismiss()
    })
    await press(page, 'ArrowDown', 'n', 'n', 'n', 'n', 'n')
    const found = await page.evaluate(() => [
      ...new Set([...document.querySelectorAll('*')].map((one) => one.tagName)),
    ])
    quiet(shown)
    await page.close()
    return { tags: found.sort(), alerts }
  }
  const story = (word: string): Recording => {
    const tape = new Tape({ fields: 'all' })
    const peer = new TapedPeer({ tape })
    tape.connect(word, 0)
    peer.call(1, word, word).open(1, true, word, word)
    tape.text(33, 1, 0, 1, word, 5)
    tape.text(18, 1, 1, 1, word, 5)
    return peer.recording()
  }
  const plain = await tags(story('plain'))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: 'binary', maxLength: 12 }),
      async (word, more) => {
        const bytes = Buffer.from(word + more).toString('latin1')
        expect(await tags(story(bytes))).toEqual({ ...plain, alerts: 0 })
      },
    ),
    { numRuns: 12 },
  )
})

it('a page whose recording is damaged says where', async () => {
  const recording = mixture()
  const octets = recording.write()
  octets[octets.length - 3]! ^= 1
  const damaged = {
    toHTML: () =>
      recording.toHTML().replace(/(id="recording">)[^<]*/, `$1${Buffer.from(octets).toString('base64')}`),
  }
  const { page } = await pages.show(damaged as Recording)
  expect(await page.getByRole('alert').textContent()).toMatch(/does not add up at octet \d+/)
  await page.close()
})

it('fifty thousand frames of a thousand streams are drawn with no more strokes than a screen has room for', async () => {
  const recording = busy()
  expect(recording.frames().length).toBeGreaterThan(50_000)
  const { page } = await pages.show(recording)
  await page.evaluate(`
    globalThis.strokes = 0
    for (const name of ['fillRect', 'fillText', 'lineTo', 'stroke']) {
      const draw = CanvasRenderingContext2D.prototype[name]
      CanvasRenderingContext2D.prototype[name] = function (...given) {
        globalThis.strokes++
        return draw.apply(this, given)
      }
    }
  `)
  const counts: number[] = []
  for (const key of ['+', '+', '+', '+', '+', 'ArrowRight', 'ArrowDown', '-', '-', '0']) {
    await page.evaluate('globalThis.strokes = 0')
    await press(page, key)
    counts.push((await page.evaluate('globalThis.strokes')) as number)
  }
  // Some twenty lanes, each with as many ticks and steps as it has pixels.
  for (const count of counts) expect(count).toBeLessThan(40_000)
  expect(Math.max(...counts)).toBeGreaterThan(50)
  await drawn(page)
  await page.close()
})
