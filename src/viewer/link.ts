/** The address of what is looked at: `#row=412`, `#s=3&c=1`, `#from=80&to=120`, `#t=87.1`; it can be sent along with the page. */
import type { View } from './view.ts'

/** Looks at what the address says, and keeps the address up to date. */
export function link(view: View): void {
  follow(view)
  addEventListener('hashchange', () => follow(view))
  let written = location.hash
  view.onChange(() => {
    const hash = hashOf(view)
    if (hash === written) return
    written = hash
    // A page in a frame, or of some file systems, may not.
    try {
      history.replaceState(null, '', hash)
    } catch {}
  })
}

function hashOf(view: View): string {
  const { model, from, to, lane, place } = view
  const parts: string[] = []
  const frame = model.frames[place]
  const request = model.lanes[lane]?.stalls.request
  if (frame !== undefined) parts.push(`row=${frame.row}`)
  if (request !== undefined) parts.push(`c=${request.connection}`, `s=${request.stream}`)
  if (to - from < model.duration) parts.push(`from=${from.toFixed(3)}`, `to=${to.toFixed(3)}`)
  return `#${parts.join('&')}`
}

function follow(view: View): void {
  const said = new URLSearchParams(location.hash.slice(1))
  const number = (name: string): number => Number(said.get(name) ?? Number.NaN)
  const [from, to, time] = [number('from'), number('to'), number('t')]
  const stream = number('s')
  const connection = said.has('c') ? number('c') : undefined
  const lane = view.model.lanes.findIndex(
    ({ stalls: { request } }) =>
      request.stream === stream && (connection === undefined || request.connection === connection),
  )
  if (lane >= 0) view.selectLane(lane)
  const place = view.model.placeOf.get(number('row'))
  if (place !== undefined) view.selectFrame(place)
  if (to > from) view.show(from, to)
  else if (!Number.isNaN(time)) view.show(time - view.model.duration / 20, time + view.model.duration / 20)
}
