/** A policy in compiled form: what evaluation looks at (authorization.md section 7). */

/** Made by `compilePolicy`; nothing but evaluation looks inside. */
export interface Policy {
  /** Lower-case names of the condition keys that any statement names, those inside variables included. */
  readonly conditionKeys: ReadonlySet<string>
}

/** Placeholder until the engine is in. */
export function compilePolicy(_text: string): Policy {
  return { conditionKeys: new Set() }
}
