/** Clients of the AWS SDK that call the server which this page came from. They sign every request here, in the browser. */
import { KMSClient } from '@aws-sdk/client-kms'
import { STSClient } from '@aws-sdk/client-sts'
import type { Session } from '../session/session.ts'

/** For the clients of all services: the server tells them apart by their requests. */
export function clientSettings({ region, ...credentials }: Session) {
  // One try after a failure: somebody is waiting, and can press the button again.
  return { endpoint: location.origin, region, credentials, maxAttempts: 2 }
}

export function createKmsClient(session: Session): KMSClient {
  return new KMSClient(clientSettings(session))
}

export function createStsClient(session: Session): STSClient {
  return new STSClient(clientSettings(session))
}
