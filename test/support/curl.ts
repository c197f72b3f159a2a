/** curl, which signs requests itself. */
import { spawnSync } from 'node:child_process'

/**
 * For the `skip` of a test. `--aws-sigv4` came with 7.75, but signed neither X-Amz-Target nor the port of the host (curl's
 * pull request 7966): Ubuntu's 7.81 does not, Debian's 7.88 does.
 */
export function reasonToSkipCurl(): string | false {
  const [, major, minor] =
    /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? []
  const signs = Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 87)
  return signs ? false : 'no curl that signs all headers (7.87) is installed here'
}
