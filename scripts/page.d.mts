/** The plugin of `page.mjs`, as vite and rolldown take it. */
export function page(): {
  name: string
  enforce: 'pre'
  resolveId(id: string): string | undefined
  load(id: string): Promise<string> | undefined
}
