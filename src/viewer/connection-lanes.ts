/**
 * The lane of a connection: both windows over time, streams open against what
 * the peer takes, round trips, and what concerns the connection alone.
 */
import { drawCurve, highest, lastAt } from './curve.ts'
import type { ConnectionLane, Curve } from './model.ts'
import { ms, octets } from './numbers.ts'
import { GUTTER, Surface } from './surface.ts'
import type { View } from './view.ts'

/** Pixels of a connection's lane, and of each of its rows. */
const LANE = 92
const ROW = 24
/** Connections that are shown, at most. */
const SHOWN = 4

export function connectionLanes(view: View): HTMLElement {
  const surface = new Surface('Connections: windows, open streams and round trips over time', 'connections')
  const lanes = view.model.connections.filter(({ connection }) => connection.frames > 0).slice(0, SHOWN)
  surface.canvas.style.setProperty('height', `${Math.max(1, lanes.length) * LANE + 16}px`)
  view.onChange(() => {
    surface.begin()
    surface.axis(view, true)
    for (const [i, lane] of lanes.entries()) drawLane(surface, view, lane, 16 + i * LANE)
  })
  return surface.canvas
}

function drawLane(surface: Surface, view: View, lane: ConnectionLane, top: number): void {
  const { palette, pen } = surface
  const { connection, recvWindow, sendWindow, open, limit, roundTrips } = lane
  const moment = Number.isNaN(view.pointer) ? view.to : view.pointer
  const said = (curve: Curve): number => curve.values[lastAt(curve.times, moment)] ?? Number.NaN
  pen.fillStyle = palette.line
  pen.fillRect(0, top - 1, surface.width, 1)
  surface.text(`${connection.id}  ${connection.origin || 'connection'}`, 10, top + 10, GUTTER - 20)
  const rows = [
    { name: 'peer may send', curve: recvWindow, colour: palette.recv, say: octets },
    { name: 'we may send', curve: sendWindow, colour: palette.send, say: octets },
    { name: 'streams open', curve: open, colour: palette.colour('transfer'), say: String },
  ]
  for (const [i, { name, curve, colour, say }] of rows.entries()) {
    const y = top + 20 + i * ROW
    const value = said(curve)
    const most = said(limit)
    const of = curve === open && Number.isFinite(most) ? ` of ${most}` : ''
    surface.text(
      `${name} ${Number.isNaN(value) ? '–' : say(value)}${of}`,
      22,
      y + ROW / 2,
      GUTTER - 30,
      colour,
    )
    const ceiling = Math.max(
      highest(curve, view.from, view.to),
      curve === open && Number.isFinite(most) ? most : 1,
    )
    surface.clipped(() => {
      drawCurve(surface, view, curve, y + 3, y + ROW - 3, ceiling, colour)
      if (curve === open && Number.isFinite(most)) {
        pen.fillStyle = palette.colour('stream limit')
        pen.fillRect(GUTTER, y + 3, surface.width, 1)
      }
    })
  }
  surface.clipped(() => {
    drawRoundTrips(surface, view, roundTrips, top + 20)
    drawMarks(surface, view, lane, top + 6)
  })
}

function drawRoundTrips(surface: Surface, view: View, trips: Curve, top: number): void {
  const most = highest(trips, view.from, view.to)
  surface.pen.fillStyle = surface.palette.text
  let free = Number.NEGATIVE_INFINITY
  for (const [i, time] of trips.times.entries()) {
    if (time < view.from || time > view.to) continue
    const x = surface.x(view, time)
    surface.pen.fillRect(x - 1.5, top + 2 + (1 - trips.values[i]! / (most || 1)) * 8, 3, 3)
    if (x < free) continue
    free = x + 90
    surface.text(`rtt ${ms(trips.values[i]!)}`, x + 4, top + 5, 80, surface.palette.faint)
    surface.pen.fillStyle = surface.palette.text
  }
}

function drawMarks(surface: Surface, view: View, { marks }: ConnectionLane, y: number): void {
  let free = Number.NEGATIVE_INFINITY
  for (const { time, name } of marks) {
    if (time < view.from || time > view.to) continue
    const x = surface.x(view, time)
    surface.pen.fillStyle = surface.palette.faint
    surface.pen.fillRect(x, y - 4, 1, 8)
    if (x < free) continue
    surface.text(name, x + 3, y, 70, surface.palette.faint)
    free = x + 74
  }
}
