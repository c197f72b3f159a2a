/** Runs a program to its end without standing still meanwhile: a service in this process must go on following its store. */
import { spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'

export interface Outcome {
  /** Exit code; `null` if a signal ended it. */
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export async function runProgram(
  program: string,
  args: readonly string[],
  input: Uint8Array | string = '',
): Promise<Outcome> {
  const child = spawn(program, args)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // A program that ends without reading its input has closed the pipe.
  child.stdin.once('error', () => {})
  child.stdin.end(input)
  const [status, stdout, stderr] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)])
  return { status, stdout, stderr }
}
