import type { KeyDraft } from './key-draft.ts'

/** Of every step of the wizard. */
export interface StepProps {
  readonly draft: KeyDraft
  onChange(draft: KeyDraft): void
}
