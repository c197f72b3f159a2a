/**
 * What the server takes from `node:http`, without importing it: an import makes Node load all that the module has, a WebSocket client
 * among it, which takes each process 10 MiB (nodejs/node issue 59686).
 */
export const { createServer, IncomingMessage, STATUS_CODES } = process.getBuiltinModule('node:http')
