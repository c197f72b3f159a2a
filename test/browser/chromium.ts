/** A Chromium that is installed on this machine; the tests bring none. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES: readonly string[] = [
  ...(process.env.CHROMIUM ? [process.env.CHROMIUM] : []),
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const found = PLACES.find((path) => existsSync(path))

/** For the `skip` of a test: `false`, or why it cannot run. */
export const WITHOUT_CHROMIUM: false | string =
  found === undefined && 'no Chromium here: install one, or set CHROMIUM to its path'

/** It asks nobody on the network, and its profile is a temporary folder. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function launchChromium(): Promise<Browser> {
  // Its sandbox refuses to work for root, whom containers often have alone.
  const args = process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS
  return chromium.launch({ executablePath: found!, args })
}
