/**
 * Loaded before every process of a suite (`kysely-in-one-file.ts`). JavaScript, because Node would strip its types at each start.
 * Some tests start npm, which may run on an older Node: without these hooks there is nothing to do.
 */
import module from 'node:module'

const bundle = /** @type {string} */ (new URL(import.meta.url).searchParams.get('kysely'))
const ours = ['src', 'test'].map((folder) => new URL(`../${folder}/`, import.meta.url).href)

module.registerHooks?.({
  resolve(specifier, context, next) {
    const isOurs = specifier === 'kysely' && ours.some((folder) => context.parentURL?.startsWith(folder))
    return isOurs ? { url: bundle, format: 'module', shortCircuit: true } : next(specifier, context)
  },
})
