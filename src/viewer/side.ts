/**
 * The side of the page: causes ranked by what they cost, which are its legend,
 * too; below, the request or the frame that is selected.
 */
import { type RequestStalls, saidOf } from '../trace/index.ts'
import { frameDetails } from './details.ts'
import { button, element, facts, fill } from './dom.ts'
import type { LostTime } from './model.ts'
import { count, ms } from './numbers.ts'
import { isDark } from './surface.ts'
import { tileOf } from './theme.ts'
import type { View } from './view.ts'

/** Stalls of a request that are listed. */
const LISTED = 40

export function side(view: View): HTMLElement {
  const causes = element('section', { label: 'Causes, by lost time' })
  const selected = element('section', { label: 'What is selected' })
  let shown = ''
  view.onChange(() => {
    const key = `${view.cause} ${isDark()} ${view.lane} ${view.place}`
    if (key === shown) return
    shown = key
    fill(
      causes,
      element('h2', {}, 'Where time was lost'),
      ...view.model.lost.map((one) => lostRow(view, one)),
    )
    if (view.model.lost.length === 0) causes.append(element('p', {}, 'Nowhere.'))
    fill(selected, ...selection(view))
  })
  return element('aside', {}, causes, selected)
}

function swatch(cause: LostTime['cause']): HTMLCanvasElement {
  const tile = tileOf(cause, isDark())
  const made = element('canvas', { class: 'swatch' })
  made.width = 24
  made.height = 16
  const pen = made.getContext('2d')
  if (pen === null) return made
  pen.fillStyle = pen.createPattern(tile, 'repeat') ?? '#888'
  pen.fillRect(0, 0, 24, 16)
  return made
}

function lostRow(view: View, lost: LostTime): HTMLElement {
  const { cause, longest, lane } = lost
  const act = (): void => {
    const same = view.cause === cause
    view.cause = same ? undefined : cause
    if (same) view.changed()
    else showStall(view, lane, longest.from, longest.to)
  }
  const row = element('button', { type: 'button', class: 'lost', title: saidOf(longest), on: { click: act } })
  const most = view.model.lost[0]?.ms ?? 1
  const bar = element('span', { class: 'lost-bar' })
  bar.style.setProperty('width', `${Math.max(1, (lost.ms / most) * 100)}%`)
  const requests = lost.requests === 1 ? '1 request' : `${count(lost.requests)} requests`
  row.append(
    swatch(cause),
    element('span', { class: 'lost-name' }, cause),
    element('span', { class: 'lost-ms' }, ms(lost.ms)),
    element('span', { class: 'lost-of' }, requests),
    bar,
  )
  row.setAttribute('aria-pressed', String(view.cause === cause))
  return row
}

/** Shows an interval of a lane, with some of what is around it. */
function showStall(view: View, lane: number, from: number, to: number): void {
  view.lane = lane
  view.place = -1
  const room = Math.max(to - from, 0.05) * 0.6
  view.show(from - room, to + room)
}

function selection(view: View): HTMLElement[] {
  const frame = view.model.frames[view.place]
  const lane = view.model.lanes[view.lane]
  const parts: HTMLElement[] = []
  if (frame !== undefined) parts.push(...frameDetails(view, frame))
  if (lane !== undefined) parts.push(...requestParts(view, lane.stalls))
  if (parts.length === 0) {
    parts.push(
      element(
        'p',
        { class: 'hint' },
        'Choose a request, or a frame, to see what is known of it. ? lists the keys.',
      ),
    )
  }
  return parts
}

function requestParts(view: View, stalls: RequestStalls): HTMLElement[] {
  const { request, parts } = stalls
  const { recording } = view.model
  const list = element('ol', { class: 'stalls' })
  const listed = stalls.stalls.filter(({ cause }) => cause !== 'transfer')
  for (const stall of listed.slice(0, LISTED)) {
    const act = (): void => {
      view.cause = stall.cause
      showStall(view, view.lane, stall.from, stall.to)
    }
    const proofs = stall.rows.map((row) => frameLink(view, row))
    const text = `${ms(stall.from - request.calledAt)} + ${ms(stall.to - stall.from)}: ${saidOf(stall)}`
    list.append(element('li', {}, swatch(stall.cause), button(text, 'show it', act), ...proofs))
  }
  const said: [string, string][] = [
    ['status', request.failure === undefined ? String(request.status || '–') : `failed: ${request.failure}`],
    ['octets', `${count(request.octetsSent)} sent, ${count(request.octetsReceived)} received`],
    [
      'called, sent, answered, ended',
      [request.calledAt, request.sentAt, request.responseAt, request.responseEndAt].map(ms).join(', '),
    ],
    ['by cause', parts.map(({ cause, ms: lost }) => `${cause} ${ms(lost)}`).join(', ')],
  ]
  return [
    element('h2', {}, `${request.method} ${request.url}`),
    element('p', { class: 'sentence' }, recording.explain(request)),
    facts(said),
    element('h3', {}, 'What it waited for'),
    list,
  ]
}

/** A row of the recording, by which one comes to its frame. */
function frameLink(view: View, row: number): HTMLElement {
  const place = view.model.placeOf.get(row)
  if (place === undefined) return element('span', { class: 'proof' }, ` #${row}`)
  return element(
    'button',
    { type: 'button', class: 'proof', on: { click: () => view.selectFrame(place) } },
    `#${row}`,
  )
}
