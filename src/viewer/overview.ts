/**
 * The whole time at a glance: octets a moment, both ways, and where time was
 * lost. A brush over it chooses what the lanes show.
 */
import type { Model } from './model.ts'
import { octets } from './numbers.ts'
import { GUTTER, Surface } from './surface.ts'
import type { View } from './view.ts'

const BINS = 600
/** Pixels at an edge of the brush that move that edge alone. */
const GRIP = 6

/** Octets of DATA in each of so many equal spans. */
function binsOf({ frames, duration }: Model, direction: string): Float64Array {
  const bins = new Float64Array(BINS)
  for (const frame of frames) {
    if (frame.type !== 0 || frame.direction !== direction) continue
    bins[Math.min(BINS - 1, Math.floor((frame.time / duration) * BINS))]! += frame.length
  }
  return bins
}

export function overview(view: View): HTMLElement {
  const surface = new Surface('Overview: octets over time; drag to choose what is shown', 'overview')
  const { model } = view
  const [received, sent] = [binsOf(model, 'received'), binsOf(model, 'sent')]
  const most = Math.max(1, ...received, ...sent)
  const whole = { from: 0, span: model.duration }

  const drawBins = (bins: Float64Array, colour: string, up: boolean): void => {
    const { pen, height, room } = surface
    const middle = height * 0.68
    pen.fillStyle = colour
    for (const [i, value] of bins.entries()) {
      if (value === 0) continue
      const size = Math.max(1, (value / most) * (up ? middle - 4 : height - middle - 2))
      const x = GUTTER + (i / BINS) * room
      pen.fillRect(x, up ? middle - size : middle + 1, Math.max(1, room / BINS), size)
    }
  }

  view.onChange(() => {
    surface.begin()
    const { pen, palette, height, width } = surface
    drawBins(received, palette.recv, true)
    drawBins(sent, palette.send, false)
    const perSecond = (most * BINS) / (model.duration / 1000)
    surface.text('octets over time', 10, height * 0.3, GUTTER - 20, palette.text)
    surface.text(
      `up: received, down: sent; at most ${octets(perSecond)}/s`,
      10,
      height * 0.65,
      GUTTER - 20,
      palette.faint,
    )
    const [left, right] = [surface.x(whole, view.from), surface.x(whole, view.to)]
    pen.fillStyle = palette.dark ? 'rgba(0,0,0,.55)' : 'rgba(120,130,140,.28)'
    pen.fillRect(GUTTER, 0, left - GUTTER, height)
    pen.fillRect(right, 0, width - right, height)
    pen.strokeStyle = palette.accent
    pen.lineWidth = 1.5
    pen.strokeRect(left, 1, Math.max(2, right - left), height - 2)
  })
  brush(surface, view)
  return surface.canvas
}

function brush(surface: Surface, view: View): void {
  const { canvas } = surface
  const whole = { from: 0, span: view.model.duration }
  canvas.addEventListener('pointerdown', (down) => {
    canvas.setPointerCapture(down.pointerId)
    const start = surface.time(whole, down.offsetX)
    const [left, right] = [surface.x(whole, view.from), surface.x(whole, view.to)]
    const [from, to] = [view.from, view.to]
    const all = to - from > view.model.duration * 0.999
    const move = (event: PointerEvent): void => {
      const at = surface.time(whole, event.offsetX)
      if (!all && Math.abs(down.offsetX - left) < GRIP) view.show(Math.min(at, to), to)
      else if (!all && Math.abs(down.offsetX - right) < GRIP) view.show(from, Math.max(at, from))
      else if (!all && down.offsetX > left && down.offsetX < right)
        view.show(from + at - start, to + at - start)
      else if (Math.abs(event.offsetX - down.offsetX) > 3) view.show(Math.min(at, start), Math.max(at, start))
    }
    const up = (): void => {
      canvas.removeEventListener('pointermove', move)
      canvas.removeEventListener('pointerup', up)
    }
    canvas.addEventListener('pointermove', move)
    canvas.addEventListener('pointerup', up)
  })
  canvas.addEventListener('dblclick', () => view.show(0, view.model.duration))
}
