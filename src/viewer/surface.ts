/**
 * A canvas as large as its place, sharp on every screen, and the way from time to
 * pixels. Its one rule: nothing is drawn but in `draw`, so the page is as fast as
 * what can be seen, not as what was recorded.
 */
import { element } from './dom.ts'
import { tick } from './numbers.ts'
import { type Palette, paletteOf } from './theme.ts'
import type { View } from './view.ts'

/** Pixels of the labels in front of time. */
export const GUTTER = 240
/** Pixels behind time. */
const MARGIN = 12

export class Surface {
  readonly canvas: HTMLCanvasElement
  readonly pen: CanvasRenderingContext2D
  width = 0
  height = 0
  palette: Palette

  constructor(label: string, className: string) {
    this.canvas = element('canvas', { class: className, label, role: 'img' })
    const pen = this.canvas.getContext('2d')
    if (pen === null) throw new Error('this browser draws no canvas')
    this.pen = pen
    this.palette = paletteOf(isDark(), pen)
  }

  /** Begins a picture: size, colours, background. */
  begin(): void {
    const { clientWidth, clientHeight } = this.canvas
    const scale = Math.min(3, window.devicePixelRatio || 1)
    if (
      this.canvas.width !== Math.round(clientWidth * scale) ||
      this.canvas.height !== Math.round(clientHeight * scale)
    ) {
      this.canvas.width = Math.round(clientWidth * scale)
      this.canvas.height = Math.round(clientHeight * scale)
    }
    this.width = clientWidth
    this.height = clientHeight
    if (this.palette.dark !== isDark()) this.palette = paletteOf(isDark(), this.pen)
    const { pen, palette } = this
    pen.setTransform(scale, 0, 0, scale, 0, 0)
    pen.fillStyle = palette.back
    pen.fillRect(0, 0, this.width, this.height)
    pen.font = '12px system-ui, sans-serif'
    pen.textBaseline = 'middle'
  }

  /** Pixels that time has. */
  get room(): number {
    return Math.max(1, this.width - GUTTER - MARGIN)
  }

  x(view: Pick<View, 'from' | 'span'>, time: number): number {
    return GUTTER + ((time - view.from) / view.span) * this.room
  }

  /** The moment at a pixel. */
  time(view: Pick<View, 'from' | 'span'>, x: number): number {
    return view.from + ((x - GUTTER) / this.room) * view.span
  }

  /** Draws only where time is. */
  clipped(draw: () => void): void {
    const { pen } = this
    pen.save()
    pen.beginPath()
    pen.rect(GUTTER, 0, this.width - GUTTER, this.height)
    pen.clip()
    draw()
    pen.restore()
  }

  /** Text that ends where there is no more room. */
  text(text: string, x: number, y: number, room: number, colour: string = this.palette.text): void {
    const { pen } = this
    pen.fillStyle = colour
    if (room < 8) return
    if (pen.measureText(text).width <= room) {
      pen.fillText(text, x, y)
      return
    }
    let [low, high] = [0, text.length]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (pen.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle
      else high = middle - 1
    }
    pen.fillText(`${text.slice(0, low)}…`, x, y)
  }

  /** Lines at round moments, with their names at the top. */
  axis(view: Pick<View, 'from' | 'to' | 'span'>, named: boolean): void {
    const { pen, palette } = this
    const every = tick(view.span, this.room / 110)
    pen.fillStyle = palette.line
    const first = Math.ceil(view.from / every)
    // Counted, for a step may be too small for a large number to grow by it.
    const most = this.room / 20
    for (let i = 0; i < most; i++) {
      const time = (first + i) * every
      if (time > view.to) break
      const x = this.x(view, time)
      pen.fillStyle = palette.line
      pen.fillRect(Math.round(x), 0, 1, this.height)
      if (named) this.text(`${Number(time.toPrecision(10))} ms`, x + 4, 8, 100, palette.faint)
    }
  }
}

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark'
}
