/** How key material may be wrapped for the way here; each algorithm is declared once, in `crypto/import/`. */
export {
  isWrappable,
  WRAPPING_ALGORITHMS,
  WRAPPING_KEY_SPECS,
  type WrappingAlgorithm,
  type WrappingKeySpec,
} from '../../crypto/import/wrapping-algorithms.ts'
