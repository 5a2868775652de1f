/**
 * A lane for each request: what it waited for, coloured by cause; when content
 * came and left; the window of its stream; and its verdict. Lanes that cannot be
 * seen are not drawn.
 */
import type { Stall } from '../trace/index.ts'
import { drawCurve, drawTicks, highest } from './curve.ts'
import { element } from './dom.ts'
import type { Lane } from './model.ts'
import { GUTTER, Surface } from './surface.ts'
import type { View } from './view.ts'

/** Pixels of a lane, of its bar, and where that begins. */
const LANE = 34
const BAR = 14
const BAR_TOP = 4

export interface StreamLanes {
  readonly place: HTMLElement
  readonly surface: Surface
  /** The lane at a height within the canvas; -1 for none. */
  laneAt(y: number): number
  scrollBy(pixels: number): void
}

export function streamLanes(view: View): StreamLanes {
  const surface = new Surface('Requests: where the time of each went', 'lanes-canvas')
  const { lanes } = view.model
  const space = element('div', { class: 'lanes-space' })
  space.style.setProperty('height', `${lanes.length * LANE}px`)
  const place = element(
    'div',
    {
      class: 'lanes',
      tabIndex: 0,
      role: 'application',
      label: 'Requests; arrow keys choose one and move in time',
    },
    surface.canvas,
    space,
  )
  place.addEventListener('scroll', () => view.changed(), { passive: true })
  let shown = -1
  const reveal = (lane: number): void => {
    const top = lane * LANE
    if (top < place.scrollTop) place.scrollTop = top
    else if (top + LANE > place.scrollTop + surface.height) place.scrollTop = top + LANE - surface.height
  }
  view.onChange(() => {
    // As high as what can be seen, not as all lanes.
    surface.canvas.style.setProperty('height', `${place.clientHeight}px`)
    surface.begin()
    if (view.lane !== shown && view.lane >= 0) reveal(view.lane)
    shown = view.lane
    surface.axis(view, false)
    const first = Math.floor(place.scrollTop / LANE)
    const last = Math.min(lanes.length, first + Math.ceil(surface.height / LANE) + 1)
    for (let i = first; i < last; i++) drawLane(surface, view, lanes[i]!, i, i * LANE - place.scrollTop)
    drawSelection(surface, view)
  })
  const laneAt = (y: number): number => {
    const lane = Math.floor((y + place.scrollTop) / LANE)
    return lane < lanes.length ? lane : -1
  }
  const scrollBy = (pixels: number): void => {
    place.scrollTop += pixels
  }
  return { place, surface, laneAt, scrollBy }
}

function drawLane(surface: Surface, view: View, lane: Lane, index: number, top: number): void {
  const { pen, palette } = surface
  const { request, total } = lane.stalls
  if (index === view.lane) {
    pen.fillStyle = palette.dark ? '#253040' : '#ddebfb'
    pen.fillRect(0, top, surface.width, LANE)
  }
  pen.fillStyle = palette.line
  pen.fillRect(0, top + LANE - 1, surface.width, 1)
  const stream = request.stream === 0 ? '–' : String(request.stream)
  surface.text(stream, 10, top + 11, 34, palette.faint)
  surface.text(`${request.method} ${pathOf(request.url)}`, 46, top + 11, GUTTER - 54)
  surface.text(lane.verdict, 46, top + 25, GUTTER - 54, palette.faint)
  surface.clipped(() => {
    drawStalls(surface, view, lane.stalls.stalls, top + BAR_TOP)
    pen.fillStyle = palette.text
    drawTicks(surface, view, lane.arrivals, top + BAR_TOP + BAR + 1, 4)
    pen.fillStyle = palette.send
    drawTicks(surface, view, lane.departures, top + BAR_TOP + BAR + 1, 4)
    const most = highest(lane.window, view.from, view.to)
    if (most > 0) drawCurve(surface, view, lane.window, top + BAR + 9, top + LANE - 4, most, palette.recv)
    drawMarks(surface, view, lane, top + BAR_TOP + BAR / 2)
    const end = surface.x(view, request.calledAt + total)
    if (end < surface.width - 40) surface.text(lane.verdict, end + 6, top + 12, surface.width - end - 10)
  })
}

function drawStalls(surface: Surface, view: View, stalls: readonly Stall[], top: number): void {
  const { pen, palette } = surface
  let drawn = Number.NEGATIVE_INFINITY
  for (let i = firstEnding(stalls, view.from); i < stalls.length && stalls[i]!.from <= view.to; i++) {
    const { from, to, cause } = stalls[i]!
    const x = Math.max(GUTTER - 2, surface.x(view, from))
    const right = Math.min(surface.width + 2, surface.x(view, to))
    if (right - drawn < 0.75) continue
    drawn = right
    pen.globalAlpha = view.cause === undefined || view.cause === cause ? 1 : 0.25
    pen.fillStyle = right - x < 3 ? palette.colour(cause) : palette.fill(cause)
    const low = cause === 'transfer' ? 4 : 0
    pen.fillRect(x, top + low, Math.max(1, right - x), BAR - 2 * low)
  }
  pen.globalAlpha = 1
}

/** The first that ends after a moment: they lie one behind the other. */
function firstEnding(stalls: readonly Stall[], moment: number): number {
  let low = 0
  let high = stalls.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (stalls[middle]!.to <= moment) low = middle + 1
    else high = middle
  }
  return low
}

function drawMarks(surface: Surface, view: View, { marks }: Lane, y: number): void {
  for (const { time, name } of marks) {
    if (time >= view.from && time <= view.to) surface.text(name, surface.x(view, time) - 4, y, 14)
  }
}

/** Lines at the pointer, and at the frame that is selected. */
function drawSelection(surface: Surface, view: View): void {
  const { pen, palette } = surface
  const frame = view.model.frames[view.place]
  const lines = [
    [view.pointer, palette.faint],
    [frame?.time ?? Number.NaN, palette.accent],
  ] as const
  for (const [time, colour] of lines) {
    const x = surface.x(view, time)
    if (!(x >= GUTTER)) continue
    pen.fillStyle = colour
    pen.fillRect(Math.round(x), 0, 1, surface.height)
  }
}

/** What of a URL tells requests of one origin apart. */
function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '') || url
}
