/** A KMS key whose material the test chose, so that others can compute with the same key: CreateKey shows nobody its own. */
import { arnOf, type Key } from '../../src/domain/keys/key.ts'
import { defaultKeyPolicy } from '../../src/domain/policy/key-policy.ts'
import { ACCOUNT, type Harness, REGION } from './harness.ts'

/**
 * @param kind spec and usage, as CreateKey takes them.
 * @param material PKCS#8 DER, or the raw bytes of an HMAC key.
 */
export async function insertGivenKey(
  harness: Harness,
  { KeySpec: spec, KeyUsage: usage }: { readonly KeySpec: string; readonly KeyUsage: Key['usage'] },
  material: Uint8Array,
): Promise<Key> {
  const name = { account: ACCOUNT, region: REGION, keyId: crypto.randomUUID() }
  const facts = { ...name, spec, usage, origin: 'AWS_KMS', multiRegion: false } as const
  const createdAt = harness.clock.now()
  // Wiped by its new owner.
  const stored = await harness.service.keyMaterials.create(facts, createdAt, Buffer.from(material))
  const key: Key = {
    ...facts,
    arn: arnOf(name),
    manager: 'CUSTOMER',
    description: '',
    createdAt,
    enabled: true,
    multiRegionSet: undefined,
    deletion: undefined,
    currentMaterialId: stored.materialId,
    tags: [],
    policy: defaultKeyPolicy(ACCOUNT, REGION),
    rotation: undefined,
    onDemandRotations: 0,
    importedMaterial: undefined,
    customKeyStore: undefined,
  }
  await harness.store.change((change) => change.insertKey(key, [stored]))
  return key
}
