// Where compatibility scripts have this package from: dist/, as `npm run build` makes it.
export const adapter = (name) => import(new URL(`../dist/adapters/${name}.js`, import.meta.url).href)
