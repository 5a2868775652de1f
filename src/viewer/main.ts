/**
 * The page: reads the recording that lies in it, and puts the parts together.
 * Its one rule: what is wrong with a recording is said where the page would be.
 */
import { Recording } from '../trace/index.ts'
import { connectionLanes } from './connection-lanes.ts'
import { button, element, fill } from './dom.ts'
import { downloads } from './downloads.ts'
import { frameTable } from './frame-table.ts'
import { help, keyboard, theme } from './keyboard.ts'
import { link } from './link.ts'
import { type Model, modelOf } from './model.ts'
import { count, ms } from './numbers.ts'
import { overview } from './overview.ts'
import { pointing } from './pointing.ts'
import { side } from './side.ts'
import { streamLanes } from './stream-lanes.ts'
import { View } from './view.ts'

function main(): void {
  const text = document.getElementById('recording')?.textContent ?? ''
  try {
    const octets = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0))
    show(modelOf(Recording.read(octets)))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    fill(
      document.body,
      element('main', { class: 'failed', role: 'alert' }, `This page cannot be shown: ${reason}.`),
    )
  }
}

function show(model: Model): void {
  const view = new View(model)
  const lanes = streamLanes(view)
  const tip = pointing(view, lanes)
  const charts = element(
    'div',
    { class: 'charts' },
    overview(view),
    connectionLanes(view),
    lanes.place,
    frameTable(view),
  )
  fill(document.body, header(view), element('main', {}, charts, side(view)), tip, status(view))
  keyboard(view)
  link(view)
  addEventListener('resize', () => view.changed())
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => view.changed())
  view.changed()
  // For tests, and for those who ask the console.
  Object.assign(globalThis, { view })
}

function header(view: View): HTMLElement {
  const { model } = view
  const input = element('input', {
    type: 'search',
    label: 'Look for frames',
    placeholder: 'type:DATA stream:7 >16k',
    on: { input: () => view.lookFor(input.value) },
  })
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') view.step(event.shiftKey ? -1 : 1)
  })
  const found = element('output', { class: 'found' })
  view.onChange(() => {
    const { matches } = view
    const at = matches.indexOf(view.place)
    found.textContent =
      view.matching === undefined ? '' : `${at < 0 ? '' : `${count(at + 1)} of `}${count(matches.length)}`
  })
  return element(
    'header',
    {},
    element('h1', {}, titleOf(model)),
    element('span', { class: 'summary' }, summaryOf(model)),
    input,
    found,
    button('◀', 'Match before (p)', () => view.step(-1)),
    button('▶', 'Next match (n)', () => view.step(1)),
    downloads(model.recording),
    button('◐', 'Light or dark (t)', () => theme(view)),
    button('?', 'Keys (?)', () => help()),
  )
}

function titleOf({ connections }: Model): string {
  const origins = [...new Set(connections.map(({ connection }) => connection.origin).filter(Boolean))]
  return origins.length > 2 ? `${origins[0]} and ${origins.length - 1} more` : origins.join(', ') || 'HTTP/2'
}

function summaryOf({ recording, connections, lanes, frames }: Model): string {
  const { head, cut, duration } = recording
  const info = connections[0]?.connection.info
  const protocol = typeof info?.tlsVersion === 'string' ? `${info.tlsVersion} ` : ''
  const parts = [
    `${protocol}${count(connections.length)} connections, ${count(lanes.length)} requests, ${count(frames.length)} frames, ${ms(duration)}`,
  ]
  if (head.fields !== 'all') parts.push('values of fields are hidden')
  if (head.dropped > 0) parts.push(`${count(head.dropped)} older rows were dropped`)
  if (cut) parts.push('the file was cut')
  return parts.join(' · ')
}

/** What is selected, for those who hear the page. */
function status(view: View): HTMLElement {
  const place = element('div', { class: 'status', role: 'status' })
  let said = -1
  view.onChange(() => {
    if (view.lane === said) return
    said = view.lane
    const lane = view.model.lanes[said]
    place.textContent = lane === undefined ? '' : view.model.recording.explain(lane.stalls.request)
  })
  return place
}

main()
