/** Which Node is needed. JavaScript, as `main.js` is: an older Node must be able to read it. */

const MAJOR_MIN = 26

/** @returns {string | undefined} what is wrong with the Node that this runs on, and what to do */
export function nodeFault() {
  if (Number(process.versions.node.split('.', 1)[0]) >= MAJOR_MIN) return undefined
  return `Node.js ${MAJOR_MIN} or newer is needed, this is ${process.version}; npx and npm scripts run the one that Keyhold brings`
}
