/** Why the file system refused something, for the person who can mend it. */

export interface FileFault {
  /** Follows the path: `cannot read PATH: there is no such file`. */
  readonly reason: string
  /** What to do about it. */
  readonly hint: string | undefined
}

const OF_USER = 'run Keyhold as the user that it belongs to, or let this user read and write it'
const PATH_HINT =
  'look whether the path is right; a relative one starts from the working directory, or from the file that names it'

/** By the code of the system's error. */
const FAULTS: Readonly<Record<string, FileFault>> = {
  ENOENT: { reason: 'there is no such file or folder', hint: PATH_HINT },
  ENOTDIR: { reason: 'there is a file where a folder is expected', hint: PATH_HINT },
  EEXIST: { reason: 'there is a file of that name already', hint: 'move it away, or choose another name' },
  EISDIR: { reason: 'it is a folder, expected a file', hint: 'name a file, or move the folder away' },
  ELOOP: { reason: 'its links lead back to themselves', hint: 'put the file itself there, or a link to it' },
  ENAMETOOLONG: { reason: 'the name is too long', hint: PATH_HINT },
  EACCES: { reason: 'this user may not use it', hint: OF_USER },
  EPERM: { reason: 'this user may not use it', hint: OF_USER },
  EROFS: { reason: 'its file system is read-only', hint: 'choose another place, or mount it for writing' },
}

/** Of what was thrown where a file was to be used. Anything but the file system's errors keeps its own words, and has no hint. */
export function fileFault(error: unknown): FileFault {
  const { code = '', message = '' } = (error ?? {}) as NodeJS.ErrnoException
  // rmSync has its own spelling.
  const name = String(code).replace(/^ERR_FS_/, '')
  return Object.hasOwn(FAULTS, name) ? FAULTS[name]! : { reason: message, hint: undefined }
}
