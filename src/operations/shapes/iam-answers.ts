/** Values as IAM and STS answer them. */

/** A policy document in an answer is percent-encoded; RFC 3986 reserves five more characters than JavaScript does. */
export function percentEncoded(document: string): string {
  return encodeURIComponent(document).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** ISO 8601 in whole seconds. @param time milliseconds since the epoch. */
export function dateTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, -'.000Z'.length)}Z`
}

/** `PermissionsBoundary` of a user or role. The model's enum has another value than AWS's answers have. */
export function boundaryAnswer(boundaryArn: string | undefined) {
  if (boundaryArn === undefined) return undefined
  return { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: boundaryArn }
}
