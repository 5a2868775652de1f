/** The keys, in one table: what they do, and what the help says of them. */
import { element, fill } from './dom.ts'
import type { View } from './view.ts'

interface Key {
  readonly keys: readonly string[]
  readonly does: string
  readonly act: (view: View) => void
}

const KEYS: readonly Key[] = [
  {
    keys: ['/'],
    does: 'look for frames: type:DATA stream:7 >16k field:content-type',
    act: () => focus('input'),
  },
  { keys: ['n'], does: 'next match', act: (view) => view.step(1) },
  { keys: ['p'], does: 'match before', act: (view) => view.step(-1) },
  { keys: [']'], does: 'next stall of the request', act: (view) => view.stepStall(1) },
  { keys: ['['], does: 'stall before', act: (view) => view.stepStall(-1) },
  { keys: ['ArrowDown'], does: 'next request', act: (view) => view.selectLane(view.lane + 1) },
  { keys: ['ArrowUp'], does: 'request before', act: (view) => view.selectLane(Math.max(0, view.lane - 1)) },
  { keys: ['ArrowRight'], does: 'later', act: (view) => view.pan(view.span / 8) },
  { keys: ['ArrowLeft'], does: 'earlier', act: (view) => view.pan(-view.span / 8) },
  { keys: ['+', '='], does: 'nearer', act: (view) => view.zoom(0.6) },
  { keys: ['-'], does: 'farther', act: (view) => view.zoom(1 / 0.6) },
  { keys: ['0'], does: 'the whole time', act: (view) => view.show(0, view.model.duration) },
  { keys: ['f'], does: 'the table of frames', act: () => focus('.table') },
  { keys: ['r'], does: 'the requests', act: () => focus('.lanes') },
  { keys: ['t'], does: 'light or dark', act: (view) => theme(view) },
  { keys: ['Escape'], does: 'nothing selected', act: (view) => nothing(view) },
  { keys: ['?'], does: 'this help', act: () => help() },
]

export function keyboard(view: View): void {
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
    if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== 'Escape')) return
    const key = KEYS.find(({ keys }) => keys.includes(event.key))
    if (key === undefined) return
    event.preventDefault()
    key.act(view)
  })
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus()
}

export function theme(view: View): void {
  const root = document.documentElement
  const dark = root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  root.dataset.theme = dark === 'dark' ? 'light' : 'dark'
  view.changed()
}

function nothing(view: View): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
  document.querySelector<HTMLDialogElement>('dialog')?.close()
  view.cause = undefined
  view.selectLane(-1)
}

/** Shows the keys. */
export function help(): void {
  let dialog = document.querySelector<HTMLDialogElement>('dialog')
  if (dialog === null) {
    dialog = element('dialog', { label: 'Keys' })
    document.body.append(dialog)
  }
  const rows = KEYS.map(({ keys, does }) =>
    element('tr', {}, element('td', {}, element('kbd', {}, keys.join(' '))), element('td', {}, does)),
  )
  const close = element('button', { type: 'button', on: { click: () => dialog.close() } }, 'Close')
  const pointer =
    'Wheel: nearer and farther. Shift and wheel: up and down. Drag: move. Double click above: the whole time.'
  fill(dialog, element('h2', {}, 'Keys'), element('table', {}, ...rows), element('p', {}, pointer), close)
  if (!dialog.open) dialog.showModal()
}
