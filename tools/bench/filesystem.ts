/** What a folder lies on, for people who compare figures. */
import { readFileSync, realpathSync } from 'node:fs'

/** `ext4 (/dev/vda)`; the folder's name where the system does not tell. */
export function mountOf(folder: string): string {
  let mounts: string
  try {
    mounts = readFileSync('/proc/mounts', 'utf8')
  } catch {
    return folder
  }
  const real = `${realpathSync(folder)}/`
  const lines = mounts.split('\n').map((line) => line.split(' '))
  const holding = lines.filter(([, point]) => point !== undefined && real.startsWith(point === '/' ? '/' : `${point}/`))
  const [device, , type] = holding.sort((left, right) => right[1]!.length - left[1]!.length)[0] ?? []
  return type === undefined ? folder : `${type} (${device})`
}
