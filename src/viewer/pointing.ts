/** The pointer over the lanes: wheel zooms, drag pans, a click selects, and what lies under it is said. */
import { type RequestStalls, type Stall, saidOf } from '../trace/index.ts'
import { element } from './dom.ts'
import { ms } from './numbers.ts'
import type { StreamLanes } from './stream-lanes.ts'
import { GUTTER } from './surface.ts'
import type { View } from './view.ts'

const CLICK = 4

/** What is said of the place under the pointer; to be put on the page. */
export function pointing(view: View, lanes: StreamLanes): HTMLElement {
  const tip = element('div', { class: 'tip', role: 'tooltip' })
  tip.hidden = true
  const { canvas } = lanes.surface
  canvas.addEventListener('wheel', (event) => wheel(event, view, lanes), { passive: false })
  canvas.addEventListener('pointerdown', (event) => drag(event, view, lanes))
  canvas.addEventListener('pointermove', (event) => {
    view.pointer = event.offsetX < GUTTER ? Number.NaN : lanes.surface.time(view, event.offsetX)
    say(tip, event, view, lanes)
    view.changed()
  })
  canvas.addEventListener('pointerleave', () => {
    view.pointer = Number.NaN
    tip.hidden = true
    view.changed()
  })
  return tip
}

function wheel(event: WheelEvent, view: View, lanes: StreamLanes): void {
  event.preventDefault()
  if (event.shiftKey) {
    lanes.scrollBy(event.deltaY || event.deltaX)
    return
  }
  const by = (event.deltaX / lanes.surface.room) * view.span
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(by)
  else view.zoom(1.0015 ** event.deltaY, lanes.surface.time(view, Math.max(GUTTER, event.offsetX)))
}

function drag(down: PointerEvent, view: View, lanes: StreamLanes): void {
  const { canvas } = lanes.surface
  canvas.setPointerCapture(down.pointerId)
  let [x, y, far] = [down.offsetX, down.offsetY, 0]
  const move = (event: PointerEvent): void => {
    far += Math.abs(event.offsetX - x) + Math.abs(event.offsetY - y)
    view.pan(((x - event.offsetX) / lanes.surface.room) * view.span)
    lanes.scrollBy(y - event.offsetY)
    x = event.offsetX
    y = event.offsetY
  }
  const up = (event: PointerEvent): void => {
    canvas.removeEventListener('pointermove', move)
    canvas.removeEventListener('pointerup', up)
    if (far < CLICK) click(event, view, lanes)
  }
  canvas.addEventListener('pointermove', move)
  canvas.addEventListener('pointerup', up)
}

function click(event: PointerEvent, view: View, lanes: StreamLanes): void {
  const lane = lanes.laneAt(event.offsetY)
  view.selectLane(lane)
  const stalls = view.model.lanes[lane]?.stalls
  if (stalls === undefined || event.offsetX < GUTTER) return
  const row = stallAt(stalls, lanes.surface.time(view, event.offsetX))?.rows[0]
  const place = row === undefined ? undefined : view.model.placeOf.get(row)
  if (place === undefined) return
  view.place = place
  view.changed()
}

function stallAt({ stalls }: RequestStalls, time: number): Stall | undefined {
  return stalls.find(({ from, to }) => time >= from && time < to)
}

function say(tip: HTMLElement, event: PointerEvent, view: View, lanes: StreamLanes): void {
  const lane = view.model.lanes[lanes.laneAt(event.offsetY)]
  const stall = lane && stallAt(lane.stalls, view.pointer)
  tip.hidden = stall === undefined
  if (stall === undefined) return
  tip.textContent = `${ms(stall.to - stall.from)}: ${saidOf(stall)}`
  const right = event.clientX > innerWidth - 340
  tip.style.setProperty('left', `${right ? event.clientX - 330 : event.clientX + 14}px`)
  tip.style.setProperty('top', `${event.clientY + 16}px`)
}
