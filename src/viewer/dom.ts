/**
 * Elements, made without markup. Its one rule: what was recorded becomes text
 * and nothing else, so no string can become an element.
 */

type Child = Node | string

interface Given {
  readonly class?: string
  readonly title?: string
  readonly label?: string
  readonly role?: string
  readonly type?: string
  readonly placeholder?: string
  readonly tabIndex?: number
  readonly on?: Readonly<Record<string, (event: Event) => void>>
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  given: Given = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  if (given.class !== undefined) made.className = given.class
  if (given.title !== undefined) made.title = given.title
  if (given.label !== undefined) made.setAttribute('aria-label', given.label)
  if (given.role !== undefined) made.setAttribute('role', given.role)
  if (given.type !== undefined) made.setAttribute('type', given.type)
  if (given.placeholder !== undefined) made.setAttribute('placeholder', given.placeholder)
  if (given.tabIndex !== undefined) made.tabIndex = given.tabIndex
  for (const [name, listener] of Object.entries(given.on ?? {})) made.addEventListener(name, listener)
  made.append(...children)
  return made
}

/** A button that does one thing. */
export function button(text: string, title: string, act: () => void): HTMLButtonElement {
  return element('button', { type: 'button', title, on: { click: act } }, text)
}

/** Puts these children in the place of what an element had. */
export function fill(parent: HTMLElement, ...children: readonly Child[]): void {
  parent.replaceChildren(...children)
}

/** A list of names and what they are. */
export function facts(pairs: readonly (readonly [name: string, value: Child])[]): HTMLElement {
  return element(
    'dl',
    {},
    ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  )
}
