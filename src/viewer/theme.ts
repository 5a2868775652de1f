/**
 * Colours, and patterns for those who do not see the colours: of each cause one
 * of each (the colours are those of Okabe and Ito). Its one rule: no two causes
 * share both.
 */
import type { Cause } from '../trace/index.ts'

/** How a cause is drawn: strokes over a colour. */
type Strokes = 'plain' | 'rising' | 'falling' | 'upright' | 'level' | 'dots' | 'cross'

const LOOKS: Readonly<Record<Cause, readonly [light: string, dark: string, strokes: Strokes]>> = {
  dial: ['#56b4e9', '#3f8fbd', 'rising'],
  'stream limit': ['#cc79a7', '#b4628f', 'dots'],
  'event loop': ['#4d4d4d', '#c8c8c8', 'cross'],
  'application not writing': ['#f0e442', '#cfc22a', 'upright'],
  'peer window': ['#e69f00', '#c98a00', 'falling'],
  'socket blocked': ['#999999', '#777777', 'upright'],
  network: ['#b5def5', '#2b5f7d', 'plain'],
  server: ['#0072b2', '#3d9bd4', 'plain'],
  'our window': ['#d55e00', '#e0701c', 'rising'],
  'application not reading': ['#f0e442', '#cfc22a', 'level'],
  'shared wire': ['#8fd6bf', '#2f7d66', 'dots'],
  silence: ['#d9d9d9', '#555a60', 'dots'],
  transfer: ['#009e73', '#14b98b', 'plain'],
}

const TILE = 8

export interface Palette {
  readonly dark: boolean
  readonly text: string
  readonly faint: string
  readonly line: string
  readonly back: string
  readonly stripe: string
  readonly accent: string
  readonly send: string
  readonly recv: string
  readonly fill: (cause: Cause) => CanvasPattern | string
  readonly colour: (cause: Cause) => string
}

/** What is drawn with, in light or in dark. */
export function paletteOf(dark: boolean, context: CanvasRenderingContext2D): Palette {
  const fills = new Map<Cause, CanvasPattern | string>()
  const colour = (cause: Cause): string => LOOKS[cause][dark ? 1 : 0]
  const fill = (cause: Cause): CanvasPattern | string => {
    let made = fills.get(cause)
    if (made === undefined) {
      made = context.createPattern(tileOf(cause, dark), 'repeat') ?? colour(cause)
      fills.set(cause, made)
    }
    return made
  }
  const base = dark
    ? { text: '#e8e6e3', faint: '#a3a9b0', line: '#3a3f46', back: '#16191d', stripe: '#1c2025' }
    : { text: '#1b1f24', faint: '#57606a', line: '#d0d7de', back: '#ffffff', stripe: '#f6f8fa' }
  const ways = dark
    ? { accent: '#7cc4ff', send: '#f0b429', recv: '#7cc4ff' }
    : { accent: '#0550ae', send: '#9a5b00', recv: '#0550ae' }
  return { dark, ...base, ...ways, fill, colour }
}

/** A tile of a cause's colour and strokes. */
export function tileOf(cause: Cause, dark: boolean): HTMLCanvasElement {
  const tile = document.createElement('canvas')
  tile.width = TILE
  tile.height = TILE
  const pen = tile.getContext('2d')
  if (pen === null) return tile
  const [light, night, strokes] = LOOKS[cause]
  pen.fillStyle = dark ? night : light
  pen.fillRect(0, 0, TILE, TILE)
  pen.strokeStyle = dark ? 'rgba(0,0,0,.55)' : 'rgba(0,0,0,.5)'
  pen.lineWidth = 1.2
  stroke(pen, strokes)
  return tile
}

function stroke(pen: CanvasRenderingContext2D, strokes: Strokes): void {
  const line = (x: number, y: number, toX: number, toY: number): void => {
    pen.beginPath()
    pen.moveTo(x, y)
    pen.lineTo(toX, toY)
    pen.stroke()
  }
  const slope = (sign: number): void => {
    for (const shift of [-TILE, 0, TILE]) {
      if (sign > 0) line(shift, TILE, shift + TILE, 0)
      else line(shift, 0, shift + TILE, TILE)
    }
  }
  if (strokes === 'rising' || strokes === 'cross') slope(1)
  if (strokes === 'falling' || strokes === 'cross') slope(-1)
  if (strokes === 'upright') line(TILE / 2, 0, TILE / 2, TILE)
  if (strokes === 'level') line(0, TILE / 2, TILE, TILE / 2)
  if (strokes !== 'dots') return
  pen.fillStyle = pen.strokeStyle
  pen.fillRect(1, 1, 2, 2)
  pen.fillRect(5, 5, 2, 2)
}
