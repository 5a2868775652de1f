/**
 * All frames that match the search, as a table of which only the rows that can
 * be seen exist.
 */
import type { RecordedFrame } from '../trace/index.ts'
import { element, fill } from './dom.ts'
import { count } from './numbers.ts'
import type { View } from './view.ts'

const ROW = 20
const COLUMNS = ['row', 'ms', 'Δ ms', '', 'conn', 'stream', 'type', 'octets', 'what it says'] as const

export function frameTable(view: View): HTMLElement {
  const head = element(
    'div',
    { class: 'tr th', role: 'row' },
    ...COLUMNS.map((name) => cell(name, 'columnheader')),
  )
  const space = element('div', { class: 'table-space' })
  const rows = element('div', { class: 'table-rows', role: 'rowgroup' })
  const place = element(
    'div',
    { class: 'table', tabIndex: 0, role: 'grid', label: 'Frames; arrow keys choose one' },
    head,
    element('div', { class: 'table-body' }, space, rows),
  )
  let shown = -1
  const draw = (): void => {
    const { matches, model } = view
    space.style.setProperty('height', `${matches.length * ROW}px`)
    const room = Math.max(ROW, place.clientHeight - ROW)
    if (view.place !== shown) {
      shown = view.place
      reveal(place, matches.indexOf(view.place), room)
    }
    const first = Math.max(0, Math.min(matches.length, Math.floor(place.scrollTop / ROW) - 2))
    const last = Math.min(matches.length, first + Math.ceil(room / ROW) + 4)
    rows.style.setProperty('transform', `translateY(${first * ROW}px)`)
    const made: HTMLElement[] = []
    for (let i = first; i < last; i++) made.push(rowOf(view, matches[i]!, model.frames[matches[i - 1] ?? -1]))
    fill(rows, ...made)
  }
  place.addEventListener('scroll', draw, { passive: true })
  place.addEventListener('keydown', (event) => keys(event, view, place))
  view.onChange(draw)
  return place
}

function reveal(place: HTMLElement, at: number, room: number): void {
  if (at < 0) return
  const top = at * ROW
  if (top < place.scrollTop) place.scrollTop = top
  else if (top + ROW > place.scrollTop + room) place.scrollTop = top + ROW - room
}

function rowOf(view: View, place: number, before: RecordedFrame | undefined): HTMLElement {
  const frame = view.model.frames[place]!
  const { row, time, direction, connection, stream, name, length, text } = frame
  const fields = view.model.fields
    .get(row)
    ?.map((field) => `${field.name}: ${field.value}`)
    .join(', ')
  const cells = [
    `#${row}`,
    time.toFixed(2),
    before === undefined ? '' : `+${(time - before.time).toFixed(2)}`,
    direction === 'sent' ? '→' : '←',
    String(connection),
    String(stream),
    name,
    count(length),
    fields === undefined ? text.replace(/^\S+ stream=\d+ len=\d+ ?/, '') : fields,
  ]
  const selected = place === view.place
  const made = element(
    'div',
    {
      class: `tr ${direction}${selected ? ' selected' : ''}`,
      role: 'row',
      on: { click: () => view.selectFrame(place) },
    },
    ...cells.map((one) => cell(one, 'gridcell')),
  )
  made.setAttribute('aria-selected', String(selected))
  return made
}

function cell(text: string, role: string): HTMLElement {
  return element('span', { role }, text)
}

function keys(event: KeyboardEvent, view: View, place: HTMLElement): void {
  const page = Math.max(1, Math.floor(place.clientHeight / ROW) - 2)
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key]
  const { matches } = view
  const at = matches.indexOf(view.place)
  const next =
    event.key === 'Home' ? 0 : event.key === 'End' ? matches.length - 1 : by === undefined ? -1 : at + by
  if (by === undefined && event.key !== 'Home' && event.key !== 'End') return
  event.preventDefault()
  event.stopPropagation()
  const found = matches[Math.max(0, Math.min(matches.length - 1, next))]
  if (found !== undefined) view.selectFrame(found)
}
