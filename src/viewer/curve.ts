/** Curves and marks, drawn with no more strokes than there are pixels. */
import type { Curve } from './model.ts'
import type { Surface } from './surface.ts'
import type { View } from './view.ts'

/** The place of the last that is not later than a moment; -1 for none. */
export function lastAt(times: readonly number[], moment: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! <= moment) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The largest value that a curve has within a span. */
export function highest({ times, values }: Curve, from: number, to: number): number {
  let most = 0
  for (let i = Math.max(0, lastAt(times, from)); i < times.length && times[i]! <= to; i++) {
    if (Number.isFinite(values[i]!)) most = Math.max(most, values[i]!)
  }
  return most
}

/** A line of steps between `top` and `bottom`; of the steps of one pixel, the lowest and the highest. */
export function drawCurve(
  surface: Surface,
  view: View,
  curve: Curve,
  top: number,
  bottom: number,
  most: number,
  colour: string,
): void {
  const { pen } = surface
  const { times, values } = curve
  const y = (value: number): number =>
    bottom - (Math.max(0, Math.min(most, value)) / (most || 1)) * (bottom - top)
  let i = lastAt(times, view.from)
  pen.strokeStyle = colour
  pen.lineWidth = 1.25
  pen.beginPath()
  let level = i < 0 ? undefined : y(values[i]!)
  if (level !== undefined) pen.moveTo(surface.x(view, view.from), level)
  for (i++; i < times.length && times[i]! <= view.to; ) {
    const x = surface.x(view, times[i]!)
    let [low, high] = [y(values[i]!), y(values[i]!)]
    let last = low
    for (i++; i < times.length && surface.x(view, times[i]!) < x + 1; i++) {
      last = y(values[i]!)
      low = Math.min(low, last)
      high = Math.max(high, last)
    }
    if (level === undefined) pen.moveTo(x, low)
    else pen.lineTo(x, level)
    pen.lineTo(x, low)
    pen.lineTo(x, high)
    pen.lineTo(x, last)
    level = last
  }
  if (level !== undefined) pen.lineTo(surface.x(view, view.to), level)
  pen.stroke()
}

/** A tick for each moment, one a pixel. */
export function drawTicks(
  surface: Surface,
  view: View,
  times: readonly number[],
  top: number,
  height: number,
): void {
  let drawn = Number.NEGATIVE_INFINITY
  for (let i = Math.max(0, lastAt(times, view.from)); i < times.length && times[i]! <= view.to; i++) {
    const x = Math.round(surface.x(view, times[i]!))
    if (x === drawn) continue
    drawn = x
    surface.pen.fillRect(x, top, 1, height)
  }
}
