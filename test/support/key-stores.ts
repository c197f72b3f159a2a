/** Custom key stores in the store of a harness, without anything behind them. */
import type {
  CloudHsmKeyStore,
  CustomKeyStore,
  ExternalKeyStore,
} from '../../src/domain/key-stores/custom-key-store.ts'
import { ACCOUNT, type Harness, REGION, START_TIME } from './harness.ts'

let count = 0

function shared() {
  const storeId = `cks-${String(++count).padStart(17, '0')}`
  return {
    account: ACCOUNT,
    region: REGION,
    storeId,
    name: `store ${count}`,
    createdAt: START_TIME,
    connectionState: 'DISCONNECTED',
    connectionErrorCode: undefined,
    attempt: 0,
    secret: Buffer.from('sealed'),
  } as const
}

/** Digits from 2 to 7 alone. */
export function exampleClusterId(number: number): string {
  const digits = [...number.toString(6).padStart(11, '0')].map((digit) => Number(digit) + 2)
  return `cluster-${digits.join('')}`
}

export function exampleHsmStore(facts: Partial<CloudHsmKeyStore> = {}): CloudHsmKeyStore {
  return {
    ...shared(),
    type: 'AWS_CLOUDHSM',
    clusterId: exampleClusterId(count),
    trustAnchorCertificate: 'a certificate',
    pendingSecret: undefined,
    isSecretRefused: false,
    ...facts,
  }
}

export function exampleExternalStore(facts: Partial<ExternalKeyStore> = {}): ExternalKeyStore {
  return {
    ...shared(),
    type: 'EXTERNAL_KEY_STORE',
    uriEndpoint: 'https://xks.example.test',
    uriPath: `/tenant-${count}/kms/xks/v1`,
    connectivity: 'PUBLIC_ENDPOINT',
    accessKeyId: 'ABCDEFGHIJKLMNOPQRST',
    credentialSetAt: 1_767_225_600_000,
    vpcEndpointServiceName: undefined,
    vpcEndpointServiceOwner: undefined,
    ...facts,
  }
}

export async function given<S extends CustomKeyStore>(harness: Harness, store: S): Promise<S> {
  await harness.store.change((change) => change.insertKeyStore(store))
  return store
}
