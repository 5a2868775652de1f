/** What can be taken along: the recording, and what other tools open. */
import type { Recording } from '../trace/index.ts'
import { element } from './dom.ts'

interface Kind {
  readonly name: string
  readonly file: string
  readonly make: (recording: Recording) => BlobPart
}

const KINDS: readonly Kind[] = [
  { name: '.h2, the recording', file: 'recording.h2', make: (recording) => recording.write() as BlobPart },
  { name: 'HAR', file: 'recording.har', make: (recording) => JSON.stringify(recording.toHAR()) },
  { name: 'qlog', file: 'recording.sqlog', make: (recording) => recording.toQlog() },
  {
    name: 'Chrome trace (Perfetto, speedscope)',
    file: 'recording.trace.json',
    make: (recording) => JSON.stringify(recording.toChromeTrace()),
  },
]

/** A menu that makes a file of the kind that is chosen. */
export function downloads(recording: Recording): HTMLElement {
  const menu = element('select', { label: 'Download as' }, element('option', {}, 'Download…'))
  for (const { name } of KINDS) menu.append(element('option', {}, name))
  menu.addEventListener('change', () => {
    const kind = KINDS[menu.selectedIndex - 1]
    menu.selectedIndex = 0
    if (kind !== undefined) save(kind, recording)
  })
  return menu
}

function save({ file, make }: Kind, recording: Recording): void {
  const address = URL.createObjectURL(new Blob([make(recording)]))
  const anchor = element('a')
  anchor.href = address
  anchor.download = file
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
